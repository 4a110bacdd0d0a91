"""Files for programs: robots.txt, favicon.ico, sitemap.xml, security.txt, change-password."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site

HOSTS = ["", "dash", "admin", "api", "acme"]
NAMESPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def test_robots_may_read_the_site_and_nothing_else(site: Site, acme: Agency) -> None:
    for label in HOSTS:
        answer = site.host(label).get("/robots.txt")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=86400"
        rules = answer.text.splitlines()
        if label:
            assert rules == ["User-agent: *", "Disallow: /"]
        else:
            assert f"Sitemap: http://aggios.localhost:{site.port}/sitemap.xml" in rules
            assert "Disallow: /" not in rules


@pytest.mark.parametrize("label", HOSTS)
def test_favicon_redirects_to_the_icon(site: Site, acme: Agency, label: str) -> None:
    answer = site.host(label).get("/favicon.ico")

    assert answer.status_code == 302
    icon = site.host(label).get(answer.headers["location"])
    assert icon.headers["content-type"] == "image/svg+xml"


def test_sitemap_lists_pages_that_exist(site: Site) -> None:
    answer = site.host().get("/sitemap.xml")
    root = ET.fromstring(answer.text)

    base = f"http://aggios.localhost:{site.port}"
    addresses = [str(one.text) for one in root.iterfind("s:url/s:loc", NAMESPACE)]
    assert answer.headers["content-type"].startswith("application/xml")
    assert f"{base}/docs/decisions/0008-mail" in addresses
    assert all(address.startswith(base) for address in addresses)
    browser = Browser(site)
    assert {browser.get(address.removeprefix(base)).status_code for address in addresses} == {200}


def test_security_txt_has_the_fields_of_rfc_9116(site: Site) -> None:
    answer = site.host().get("/.well-known/security.txt")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    fields = [line.partition(": ")[::2] for line in answer.text.splitlines()]
    assert len({name for name, _ in fields}) == len(fields)
    found = dict(fields)
    assert found["Contact"] == "mailto:contact@aggios.localhost"
    assert found["Preferred-Languages"] == "en, pt"
    assert found["Canonical"].endswith("/.well-known/security.txt")
    expires = datetime.fromisoformat(found["Expires"])
    assert timedelta(days=1) < expires - datetime.now(UTC) < timedelta(days=365)


def test_change_password_leads_to_the_account_or_to_the_workspaces(
    site: Site, acme: Agency
) -> None:
    of_tenant = site.host("acme").get("/.well-known/change-password")
    of_site = site.host().get("/.well-known/change-password")

    assert (of_tenant.status_code, of_tenant.headers["location"]) == (302, "/me/password")
    assert of_site.headers["location"] == f"http://dash.aggios.localhost:{site.port}/"


@pytest.mark.parametrize(
    "path", ["/robots.txt", "/favicon.ico", "/sitemap.xml", "/.well-known/security.txt"]
)
def test_file_for_programs_cannot_be_written(site: Site, path: str) -> None:
    answer = site.host().post(path, {})

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
