"""Queries and forms that are not UTF-8, and compressed bodies, are refused."""

import pytest
from django.conf import settings
from django.test import Client

from core.http.middleware import undecodable_field
from core.problems import MalformedBody
from tests.support.accounts.in_process_client import random_address
from tests.support.factories import Agency
from tests.support.http_client import BASE_DOMAIN, Site

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        (b"", None),
        (b"a=1&b=%20+&c", None),
        (b"a=%C3%A9&%E2%82%AC=1", None),
        ("a=é".encode(), None),
        (b"a=%EF%BF%BD", None),
        (b"a=1&b=caf%E9", "b"),
        (b"a=1&b=caf\xe9", "b"),
        (b"n%E9m=1", "n\ufffdm"),
        (b"a=%C3&b=%A9", "a"),
        (b"a=%ED%A0%80", "a"),
        (b"a=%C0%AF", "a"),
        (b"my+name=%FF", "my name"),
    ],
)
def test_first_non_utf8_field_is_named(encoded: bytes, name: str | None):
    assert undecodable_field(encoded) == name


@pytest.mark.parametrize("path", ["/api/files", "/api/audit", "/api/nothing", "/api/health"])
def test_non_utf8_query_names_its_parameter(acme: Agency, path: str):
    answer = acme.owner.at.get(f"{path}?limit=1&search=caf%E9")

    assert answer.status_code == 400
    assert answer.json()["code"] == "validation_failed"
    assert [fault["field"] for fault in answer.json()["errors"]] == ["search"]


def test_non_utf8_query_of_browser_is_a_page(site: Site, acme: Agency):
    answer = site.host(acme.slug).get("/join?token=%FF", headers={"Accept": "text/html"})

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("charset", ["utf-16", "rot13", "latin-1", "idna"])
def test_query_is_utf8_whatever_the_charset(acme: Agency, charset: str):
    headers = {"Content-Type": f"application/json; charset={charset}"}

    answer = acme.owner.at.get("/api/files?limit=x", headers=headers)

    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["errors"]] == ["limit"]


def post_form(slug: str, path: str, body: bytes, content_type: str = FORM):
    headers = {"host": f"{slug}.{BASE_DOMAIN}", "x-forwarded-for": random_address()}
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32  # or the form would not be read
    return client.post(path, body, content_type=content_type, headers=headers)


@pytest.mark.parametrize("path", ["/join", "/password/reset", "/email/verify", "/s/" + "A" * 43])
@pytest.mark.parametrize("body", [b"token=x&password=caf%E9", b"token=x&password=caf\xe9"])
def test_non_utf8_url_encoded_form_is_malformed(acme: Agency, path: str, body: bytes):
    answer = post_form(acme.slug, path, body)

    assert (answer.status_code, answer.json()["code"]) == (400, MalformedBody.code)
    assert "'password'" in answer.json()["detail"]


@pytest.mark.parametrize(
    "part",
    [
        b'Content-Disposition: form-data; name="password"\r\n\r\ncaf\xe9',
        b'Content-Disposition: form-data; name="caf\xe9"\r\n\r\nx',
        b'Content-Disposition: form-data; name="f"; filename="caf\xe9"\r\n\r\nx',
        b"Content-Disposition: form-data; name=\"f\"; filename*=UTF-8''caf%E9\r\n\r\nx",
    ],
    ids=["value", "name", "filename", "filename*"],
)
def test_non_utf8_multipart_form_is_malformed(acme: Agency, part: bytes):
    body = b"--b\r\n" + part + b"\r\n--b--\r\n"

    answer = post_form(acme.slug, "/join", body, "multipart/form-data; boundary=b")

    assert (answer.status_code, answer.json()["code"]) == (400, MalformedBody.code)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br, identity", "x-unknown"])
def test_compressed_body_is_unsupported(acme: Agency, coding: str):
    headers = {"Content-Encoding": coding}

    answer = acme.host.post("/api/auth/login", {"email": "a", "password": "b"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
def test_body_with_identity_coding_is_accepted(acme: Agency, coding: str):
    headers = {"Content-Encoding": coding}

    answer = acme.host.post("/api/auth/login", {"email": 1}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


@pytest.mark.parametrize("content_type", ["Application/JSON", "APPLICATION/JSON; Charset=UTF-8"])
def test_media_type_in_upper_case_is_accepted(acme: Agency, content_type: str):
    answer = acme.host.request(
        "POST", "/api/auth/login", content=b"{}", headers={"Content-Type": content_type}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
