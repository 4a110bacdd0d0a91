"""The public site: links, metadata, status, pages that an operator replaces."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site

SITE_PAGES = ("/", "/features", "/security", "/docs", "/status", "/terms", "/privacy", "/contact")
DESCRIBED = (*SITE_PAGES, "/signup", "/docs/security")
EACH = pytest.mark.parametrize("path", SITE_PAGES)
ROOT = Path(__file__).resolve().parents[2]


class Links(HTMLParser):
    """The targets of a page's links, the ids in it, and the content of its meta elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.meta: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in found:
            self.targets.append(found["href"])
        if tag == "meta":
            self.meta[found.get("property") or found.get("name", "")] = found.get("content", "")
        self.ids.add(found.get("id", ""))


def visit(site: Site, seen: dict[str, Links], start: str) -> list[str]:
    """Follow the links of the site from one page on; return those that lead to nothing."""
    browser, waiting, dead = Browser(site), [start], []
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        answer = browser.get(path)
        if answer.status_code != 200:
            dead.append(path)
        seen[path] = Links(answer.text)
        for target in seen[path].targets:
            address = urlsplit(urljoin(f"http://{browser.host}{path}", target))
            is_page = address.netloc == browser.host and not address.path.startswith("/api/")
            if is_page and "lang=" not in address.query and address.path not in seen:
                waiting.append(address.path)
    return dead


def test_every_link_of_the_site_leads_to_a_page_and_its_section(site: Site) -> None:
    seen: dict[str, Links] = {}

    dead = visit(site, seen, "/")

    assert dead == []
    assert {*SITE_PAGES, "/signup", "/docs/decisions/0008-mail"} <= set(seen)
    missing = [
        (path, target)
        for path, links in seen.items()
        for target in links.targets
        if "#" in target and not leads_to_section(seen, path, target)
    ]
    assert missing == []


def leads_to_section(seen: dict[str, Links], path: str, target: str) -> bool:
    address = urlsplit(urljoin(f"http://site{path}", target))
    return address.netloc != "site" or address.fragment in seen[address.path].ids


@pytest.mark.parametrize("path", DESCRIBED)
def test_page_of_the_site_describes_itself_for_previews(site: Site, path: str) -> None:
    page = Links(Browser(site).get(path).text)

    assert len(page.meta["description"]) > 20
    assert page.meta["og:description"] == page.meta["description"]
    assert page.meta["og:title"]
    assert page.meta["og:url"] == f"http://aggios.localhost:{site.port}{path}"
    image = urlsplit(page.meta["og:image"])
    assert Browser(site).get(image.path).headers["content-type"] == "image/png"


@EACH
def test_page_of_the_site_does_not_exist_on_other_hosts(
    site: Site, acme: Agency, path: str
) -> None:
    if path != "/":
        for label in ("acme", "dash", "api"):
            assert site.host(label).get(path).status_code == 404


def test_static_file_of_a_page_may_be_cached_for_ever(site: Site) -> None:
    browser = Browser(site)
    sheets = re.findall(r'href="(/static/[^"]+\.css)"', browser.get("/").text)

    assert len(sheets) == 3
    for sheet in sheets:
        assert "immutable" in browser.get(sheet).headers["cache-control"]


def test_status_page_says_the_same_as_health_and_no_more(site: Site) -> None:
    health = site.host().get("/api/health").json()

    page = Browser(site).get("/status")

    assert page.status_code == 200
    assert "no-store" in page.headers["cache-control"]
    assert "Everything works" in page.text
    shown = re.findall(r"<strong>([^<]+)</strong>", page.text.partition("<main")[2])
    assert shown == ["Everything works", "Database", "Cache", "File store"]
    assert len(health["checks"]) == 3
    for secret in ("127.0.0.1", "postgres", "redis://", "Traceback"):
        assert secret not in page.text


def test_operator_replaces_terms_and_contact_address(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "terms.html").write_text("Our own terms. {{ contact_email }}")
    show = (
        "import django; django.setup();"
        "from django.template.loader import render_to_string as r;"
        "from pages.site.pages import CONTEXT;"
        "print(r('site/terms.html', CONTEXT))"
    )

    done = subprocess.run(
        [sys.executable, "-c", show],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "aggios.settings",
            "SITE_TEMPLATES_DIR": str(tmp_path),
            "CONTACT_EMAIL": "hello@norte.example",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "Our own terms. hello@norte.example"
