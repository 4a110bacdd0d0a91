"""Names of browser and system in a ``User-Agent`` header, for the list of sessions.

The header is text that the client chose: it tells a user which device a session may be, and decides
nothing. Only words of the tables below are returned, never a part of the header, and each is found
by a plain search, whose time does not grow faster than the text. Rule: RFC 9110, section 10.1.5.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

# The order matters: nearly all browsers name others too, for the sake of old sites.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Opera", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-httpx/", "Python"),
    ("python-requests/", "Python"),
    ("Python-urllib/", "Python"),
    ("okhttp/", "OkHttp"),
    ("Go-http-client/", "Go"),
    ("PostmanRuntime/", "Postman"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("FreeBSD", "FreeBSD"),
    ("Linux", "Linux"),
)
PHONES = frozenset({"iPhone", "iPad", "Android"})
MAX_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Device:
    """A browser and a system; empty where the header names none that is known."""

    browser: str
    system: str

    @property
    def is_phone(self) -> bool:
        """Whether the system is that of a phone or a tablet."""
        return self.system in PHONES

    @property
    def title(self) -> str:
        """Browser and system in one line."""
        if self.browser and self.system:
            return str(_("%(browser)s on %(system)s")) % {
                "browser": self.browser,
                "system": self.system,
            }
        return self.browser or self.system or str(_("Unknown device"))


def device_of(user_agent: str) -> Device:
    """Return the device that a ``User-Agent`` header names."""
    text = user_agent[:MAX_LENGTH]
    return Device(_first(BROWSERS, text), _first(SYSTEMS, text))


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for part, name in names if part in text), "")
