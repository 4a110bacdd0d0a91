"""Errors in the admin are plain pages and reveal nothing internal."""

import http.client

import pytest

from tests.support.browser import Browser
from tests.support.http_client import Site

INSIDE = ("Traceback", "Exception", "DEBUG = ", "psycopg", "site-packages", "Request Method")
ODD = [
    "/admin/tenants/tenant/?status__exact=%00",
    "/admin/tenants/tenant/?q=%00",
    "/admin/tenants/tenant/?p=abc",
    "/admin/tenants/tenant/?o=99.-x",
    "/admin/tenants/tenant/?created_at__gte=yesterday",
    "/admin/tenants/tenant/?domains__tenant__schema_name__regex=(",
    "/admin/tenants/tenant/not-an-id/change/",
    "/admin/tenants/tenant/%00/change/",
    "/admin/staff/staffuser/?password__startswith=argon2",
    "/admin/audit/auditevent/?at__gte=%ff",
    "/admin/audit/auditevent/?action=%00",
    "/admin/jsi18n/?x=" + "y" * 3000,
    "/admin/nothing/here/",
    "/admin/r/1/1/",
    "/nothing",
    "/?" + "&".join(["a"] * 1200),
]


@pytest.mark.parametrize("path", ODD)
def test_malformed_urls_never_return_500(superuser_browser: Browser, path: str) -> None:
    answer = superuser_browser.get(path)

    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert "Aggios" in answer.text
        assert "<code>" in answer.text
    assert not [word for word in INSIDE if word in answer.text]


def test_json_client_gets_problem(superuser_browser: Browser) -> None:
    answer = superuser_browser.get("/admin/nothing/here/", headers={"Accept": "*/*"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_pages_have_security_headers(site: Site, superuser_browser: Browser) -> None:
    for browser, path in (
        (Browser(site, "admin"), "/admin/login/"),
        (superuser_browser, "/admin/"),
    ):
        headers = browser.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert "no-store" in headers["cache-control"]


def test_language_redirect_stays_on_host(site: Site, stores) -> None:
    for port in (site.port, stores.ports["gunicorn"]):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(
            "GET", "//evil.example/?lang=en", headers={"Host": Browser(site, "admin").host}
        )
        location = connection.getresponse().headers["location"]
        connection.close()
        assert location.startswith("/")
        assert not location.startswith("//")


def test_language_is_switched_and_remembered(superuser_browser: Browser) -> None:
    path = "/admin/tenants/tenant/"
    answer = superuser_browser.get(path, params={"lang": "pt-br", "q": "acme"})
    try:
        assert answer.headers["location"] == f"{path}?q=acme"
        assert "Administração" in superuser_browser.get("/admin/").text
    finally:
        superuser_browser.get(path, params={"lang": "en"})
