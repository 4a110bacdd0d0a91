"""Hostile input for pages, and what no page may do with it."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.support.http_client import BASE_DOMAIN
from tests.support.pages.page_table import PAGES
from tests.support.pages.rows.row import PageRow
from tests.support.routes import ROUTES

# A browser would build an element x-probe or run a script, a template would calculate this product.
# It is long, so that no random id of a page contains it.
PRODUCT = str(1234567 * 7654321)
PROBE = "x-probe"
PAYLOADS = (
    "\"'><x-probe onload=alert(1)>",
    "</title></textarea></script><x-probe>",
    '"\' autofocus onfocus=alert(1) x-probe="',
    "{{1234567*7654321}}{% load x-probe %}${1234567*7654321}",
    "javascript:alert(1)//x-probe",
)
# What people may type as names. Bidirectional controls and invisible characters are refused there
# (tests/accounts/test_name_validation.py), but not in the names of files.
STORED = {
    "company": "\"'><x-probe onload=alert(1)></script></title>{{1234567*7654321}}",
    "first_name": "\"'><img src=x onerror=alert(1) x-probe>",
    "last_name": "</script><x-probe>{% x-probe %}",
    "file": "\"'><x-probe onload=alert(1)>{{1234567*7654321}}\u202egpj.txt",
    "reason": "</p><x-probe>{{1234567*7654321}}\njavascript:alert(1)",
}
EVIL_URLS = (
    "https://evil.example",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "https:evil.example",
    f"http://{BASE_DOMAIN}@evil.example/",
    f"http://{BASE_DOMAIN}.evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
)
REDIRECT_PARAMETERS = ("next", "url", "to", "redirect", "return_to", "continue", "workspace")
TEXT_ATTRIBUTES = {"alt", "aria-label", "title"}
URL_ATTRIBUTES = {"action", "formaction", "href", "poster", "src", "srcset", "content"}


ROWS = [row for row in PAGES if row.then is None]


def each(rows: list[PageRow]) -> pytest.MarkDecorator:
    """Run a test for each of the rows."""
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


class Elements(HTMLParser):
    """The elements of a page as a browser would build them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        self.texts += [value or "" for name, value in attrs if name in TEXT_ATTRIBUTES]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def assert_inert(answer: httpx.Response) -> None:
    """Fail if hostile text became an element, an attribute, a script, a URL or a calculation."""
    elements = Elements(answer.text)
    faults = [f"turned: {text!r}" for text in elements.texts if "\u202e" in text]
    for tag, attributes in elements.found:
        names = {tag, *attributes}
        if PROBE in names or any(name.startswith("on") for name in attributes):
            faults.append(f"<{tag} {attributes}>")
        if tag == "script" and not attributes.get("src"):
            faults.append("a script inside of the page")
        faults += [
            f"<{tag} {name}={value}>"
            for name, value in attributes.items()
            if name in URL_ATTRIBUTES and leads_away(str(answer.url), value)
        ]
    if PRODUCT in answer.text:
        faults.append("a template was evaluated")
    assert not faults, f"{answer.url}: {faults}"


def leads_away(base: str, target: str) -> bool:
    """Tell whether a URL of a page runs a script or leads to a site of an attacker."""
    parts = urlsplit(urljoin(base, as_a_browser_reads(target)))
    return parts.scheme in {"javascript", "vbscript"} or "evil.example" in (parts.hostname or "")


def assert_redirect_is_own(answer: httpx.Response) -> None:
    """Fail if a response redirects to a host that is not ours."""
    location = answer.headers.get("location")
    if location is None:
        return
    parts = urlsplit(urljoin(f"http://x.{BASE_DOMAIN}/", as_a_browser_reads(location)))
    assert parts.scheme in {"http", "https"}, location
    assert f".{parts.hostname}".endswith(f".{BASE_DOMAIN}"), location


def as_a_browser_reads(url: str) -> str:
    """Return a URL without tabs and line breaks, backslashes as slashes, two slashes for more.

    Rule: WHATWG URL, "special authority ignore slashes state".
    """
    text = url.strip().translate(str.maketrans("\\", "/", "\t\r\n"))
    return re.sub(r"^(https?:)?/{2,}", r"\1//", text)


def takes_post(row: PageRow) -> bool:
    """Tell whether the route of a row answers POST."""
    kind = "tenant" if row.kind in {"open", "suspended"} else row.kind
    routes = ROUTES.get(kind, [])
    return any(route.name == row.route and "POST" in route.methods.split() for route in routes)
