"""Records what no page may cause: console errors, policy violations, requests to other sites."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support.http_client import BASE_DOMAIN, Site

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# The last two are the browser's own viewer of PDF files.
LOCAL_SCHEMES = {"about", "blob", "data", "chrome", "chrome-extension"}
REFUSED_RESOURCE = "Failed to load resource: the server responded with a status of "
# A script that Playwright adds is not subject to the page's policy.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  const { effectiveDirective, blockedURI, sourceFile, lineNumber } = event;
  console.error(`policy: ${effectiveDirective} blocks ${blockedURI} ${sourceFile}:${lineNumber}`);
});
"""


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Faults:
    """The faults of one browser context; ``domains`` are custom domains that it may open."""

    def __init__(self, context: "BrowserContext", site: Site, domains: Iterable[str] = ()) -> None:
        self._domains = {BASE_DOMAIN, *domains}
        self._store = f"http://s3.{BASE_DOMAIN}:{site.port}"
        self._refused_pages: set[str] = set()
        self._found: list[tuple[str, str]] = []
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._note_console)
        context.on("weberror", self._note_error)
        context.on("request", self._note_request)
        context.on("response", self._note_response)

    def unexpected(self, allowed: Iterable[str] = ()) -> list[str]:
        """Return the faults that match none of the regular expressions in ``allowed``.

        The console reports the status of an error page too. That is no fault of the page.
        """
        patterns = [re.compile(pattern) for pattern in allowed]
        return [
            text
            for text, url in self._found
            if not (text.startswith(REFUSED_RESOURCE) and url in self._refused_pages)
            and not any(pattern.search(f"{text} {url}") for pattern in patterns)
        ]

    def _note_console(self, message: "ConsoleMessage") -> None:
        if message.type in {"error", "assert"}:
            self._found.append((message.text, message.location["url"]))

    def _note_error(self, error: "WebError") -> None:
        self._found.append((f"uncaught: {error.error}", ""))

    def _note_response(self, response: "Response") -> None:
        if response.status >= 400 and response.request.is_navigation_request():
            self._refused_pages.add(response.url)

    def _note_request(self, request: "Request") -> None:
        if not self._is_own(request):
            self._found.append((f"request to another origin: {request.url}", request.url))

    def _is_own(self, request: "Request") -> bool:
        parts = urlsplit(request.url)
        if parts.scheme in LOCAL_SCHEMES or origin_of(request.url) == self._store:
            return True
        if request.is_navigation_request():
            host = parts.hostname or ""
            return host in self._domains or host.endswith(f".{BASE_DOMAIN}")
        return origin_of(request.url) == origin_of(request.frame.url)
