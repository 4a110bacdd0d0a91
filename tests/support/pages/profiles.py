"""Pages in Chromium, each in a browser profile of its own, and the faults that they cause."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tests.support.browser import Browser
from tests.support.http_client import Host, Site
from tests.support.pages.chromium import TIMEOUT_MILLISECONDS
from tests.support.pages.faults import Faults

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import BrowserContext, Page

LOCALES = {"en": "en-US", "pt-BR": "pt-BR"}


class Profiles:
    """Opens pages: the value of the fixture ``page_of``."""

    def __init__(self, chromium: "Chromium", site: Site) -> None:
        self._chromium = chromium
        self._site = site
        self._opened: list[tuple[BrowserContext, Faults]] = []

    def __call__(
        self,
        host: Host,
        *,
        language: str = "en",
        width: int = 1280,
        theme: str = "light",
        javascript: bool = True,
        cookies_of: Browser | None = None,
        domains: tuple[str, ...] = (),
        **options: Any,
    ) -> "Page":
        """Return an empty page in a new profile. Paths are relative to the host.

        ``cookies_of`` is a browser without Chromium that has logged in; ``domains`` are custom
        domains that the page may lead to; ``options`` are those of Playwright's ``new_context``.
        """
        context = self._chromium.new_context(
            base_url=address_of(host),
            locale=LOCALES[language],
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            java_script_enabled=javascript,
            **{"viewport": {"width": width, "height": 900}, **options},
        )
        context.set_default_timeout(TIMEOUT_MILLISECONDS)
        self._opened.append((context, Faults(context, self._site, domains)))
        page = context.new_page()
        if cookies_of:
            copy_cookies(cookies_of, page)
        return page

    def close(self, allowed_faults: Iterable[str]) -> list[str]:
        """Close all pages and return their faults."""
        for context, _ in self._opened:
            context.close()
        return [text for _, faults in self._opened for text in faults.unexpected(allowed_faults)]


def address_of(host: Host) -> str:
    """Return the origin of a host."""
    return f"http://{host.name}:{host.port}"


def copy_cookies(browser: Browser, page: "Page") -> None:
    """Give the cookies of a browser without Chromium to a page's profile."""
    address = f"http://{browser.host}"
    page.context.add_cookies(
        [
            {"name": cookie.name, "value": cookie.value or "", "url": address}
            for cookie in browser.client.cookies.jar
        ]
    )
