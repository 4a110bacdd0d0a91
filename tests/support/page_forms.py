"""Forms of pages in tests: browsers without the cost of a log-in, hidden fields, links."""

import re
from html import unescape
from typing import Any

import httpx
from django.conf import settings

from accounts.models import Session, User
from accounts.sessions.browser import cookie_value
from accounts.sessions.services import NewSession
from tenants.context import tenant_context
from tests.support.browser import Browser
from tests.support.factories import Agency, Person
from tests.support.http_client import Site

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
HIDDEN_TEXT = re.compile(r'<textarea name="([^"]+)" hidden>\n?(.*?)</textarea>', re.S)
LINK = re.compile(r'href="(/[^"]*)"')


def browser_of(site: Site, agency: Agency, person: Person, **options: Any) -> Browser:
    """Return a browser with the cookie of a user's session; ``options`` are those of Browser."""
    browser = Browser(site, agency.slug, **options)
    with tenant_context(agency.ref):
        cookie = cookie_value(NewSession(Session(), User(), person.refresh_token))
    browser.client.cookies.set(settings.BROWSER_COOKIE_NAME, cookie)
    return browser


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of a page, its CSRF token among them."""
    found = {**dict(HIDDEN.findall(page)), **dict(HIDDEN_TEXT.findall(page))}
    return {name: unescape(value) for name, value in found.items()}


def submit(browser: Browser, path: str, fields: dict[str, Any] | None = None) -> httpx.Response:
    """Load a page and send its form with its hidden fields, such as the version."""
    page = browser.get(path)
    assert page.status_code == 200, (page.status_code, page.headers.get("location"), page.text)
    return send(browser, page, path, fields)


def send(
    browser: Browser, page: httpx.Response, path: str, fields: dict[str, Any] | None = None
) -> httpx.Response:
    """Send the form of a page that was loaded before."""
    return browser.post(path, {**hidden_fields(page.text), **(fields or {})})


def links_below(page: str, prefix: str) -> set[str]:
    """Return the links of a page whose path begins with ``prefix``."""
    return {unescape(link) for link in LINK.findall(page) if link.startswith(prefix)}
