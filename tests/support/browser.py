"""A client that behaves like a browser: keeps cookies, sends its headers, submits forms."""

import re
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.support.factories import Agency, Person
from tests.support.http_client import PASSWORD, TLS_CONTEXT, Site

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    """A browser at one host of the site."""

    def __init__(self, site: Site, label: str = "", *, language: str = "en") -> None:
        self.host = f"{site.host(label).name}:{site.port}"
        headers = {"Host": self.host, "Accept": HTML, "Accept-Language": language}
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{site.port}",
            headers=headers,
            timeout=60,
            trust_env=False,
            verify=TLS_CONTEXT,
        )

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        """Get a page. Redirects are returned, not followed."""
        return self.client.get(path, **kwargs)

    def post(self, path: str, data: dict[str, Any], **kwargs: Any) -> httpx.Response:
        """Send a form with exactly these fields, without a CSRF token."""
        headers = {"Origin": f"http://{self.host}", **kwargs.pop("headers", {})}
        return self.client.post(path, data=data, headers=headers, **kwargs)

    def submit(self, path: str, data: dict[str, Any], **kwargs: Any) -> httpx.Response:
        """Load the page, then send its form with its CSRF token."""
        token = TOKEN.search(self.get(path).text)
        assert token, f"{path} has no form"
        return self.post(path, {"csrfmiddlewaretoken": token[1], **data}, **kwargs)

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """Return the page that a redirect names. It must be at the same host."""
        assert answer.status_code in {302, 303}, (answer.status_code, answer.text[:2000])
        target = urlsplit(str(answer.headers["location"]))
        assert target.netloc in {"", self.host}
        path = target.path or urlsplit(str(answer.url)).path
        return self.get(f"{path}?{target.query}" if target.query else path)


def logged_in(site: Site, agency: Agency, person: Person | None = None, **options: Any) -> Browser:
    """Return a browser at the agency's host in which a user, by default its owner, has logged in.

    ``options`` are those of ``Browser``.
    """
    browser = Browser(site, agency.slug, **options)
    email = (person or agency.owner).email
    done = browser.submit("/login", {"email": email, "password": PASSWORD})
    assert done.status_code == 303, done.text
    return browser


def csrf_header(browser: Browser) -> dict[str, str]:
    """Return the headers that a script of a page sends with a change."""
    token = TOKEN.search(browser.get("/logout").text)
    assert token
    return {
        "X-CSRFToken": token[1],
        "Sec-Fetch-Site": "same-origin",
        "Origin": f"http://{browser.host}",
    }
