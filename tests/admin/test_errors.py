"""What goes wrong in the admin is said in a plain page of ours, and never shows the inside."""

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
def test_odd_addresses_never_end_in_a_500(sue: Browser, path: str) -> None:
    answer = sue.get(path)

    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert "Aggios" in answer.text
        assert "<code>" in answer.text
    assert not [word for word in INSIDE if word in answer.text]


def test_programs_get_problems(sue: Browser) -> None:
    answer = sue.get("/admin/nothing/here/", headers={"Accept": "*/*"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_pages_carry_the_security_headers(site: Site, sue: Browser) -> None:
    for browser, path in ((Browser(site, "admin"), "/admin/login/"), (sue, "/admin/")):
        headers = browser.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert "no-store" in headers["cache-control"]


def test_switching_the_language_leads_to_no_other_host(site: Site, stores) -> None:
    for port in (site.port, stores.ports["gunicorn"]):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(
            "GET", "//evil.example/?lang=en", headers={"Host": Browser(site, "admin").host}
        )
        location = connection.getresponse().headers["location"]
        connection.close()
        assert location.startswith("/")
        assert not location.startswith("//")


def test_the_language_is_switched_and_kept(sue: Browser) -> None:
    path = "/admin/tenants/tenant/"
    answer = sue.get(path, params={"lang": "pt-br", "q": "acme"})
    try:
        assert answer.headers["location"] == f"{path}?q=acme"
        assert "Administração" in sue.get("/admin/").text
    finally:
        sue.get(path, params={"lang": "en"})
