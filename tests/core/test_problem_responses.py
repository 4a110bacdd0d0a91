"""Every error is a problem document and has the security headers."""

import json

import pytest
from rest_framework import exceptions as drf
from rest_framework.exceptions import ErrorDetail

from core.http.responses import exception_response
from core.problems import MORE_ERRORS
from tests.core.test_response_headers import SECURE
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency

LOGIN = "/api/auth/login"
JSON = {"Content-Type": "application/json"}
PROBLEMS = [
    ("GET", "/api/nothing", None, {}, (404, "not_found")),
    ("POST", "/nothing/at/all", b"{}", JSON, (404, "not_found")),
    ("GET", "/api/users/me/", None, {}, (404, "not_found")),
    ("GET", "/api/health/", None, {}, (404, "not_found")),
    ("POST", "/api/auth/login/", b"{}", JSON, (404, "not_found")),
    ("GET", "/api/auth/login", None, {}, (405, "method_not_allowed")),
    ("PUT", "/api/auth/login", b"{}", JSON, (405, "method_not_allowed")),
    ("DELETE", "/api/health", None, {}, (405, "method_not_allowed")),
    ("POST", "/api/health/live", b"{}", JSON, (405, "method_not_allowed")),
    ("DELETE", "/api/health/ready", None, {}, (405, "method_not_allowed")),
    ("POST", "/api/schema", b"{}", JSON, (405, "method_not_allowed")),
    ("BREW", "/api/auth/login", None, {}, (405, "method_not_allowed")),
    ("GET", "/api/users/me", None, {}, (401, "not_authenticated")),
    ("GET", "/api/users/me", None, {"Accept": "text/html"}, (401, "not_authenticated")),
    ("GET", "/api/users/me", None, {"Accept": "image/png"}, None),
    ("POST", LOGIN, b"{", JSON, (400, "malformed_body")),
    ("POST", LOGIN, b"\xff\xfe{}", JSON, (400, "malformed_body")),
    ("POST", LOGIN, b'{"email": NaN}', JSON, (400, "malformed_body")),
    ("POST", LOGIN, b"[" * 100_000, JSON, (400, "malformed_body")),
    ("POST", LOGIN, b'{"a":' * 100_000, JSON, (400, "malformed_body")),
    ("POST", LOGIN, b'{"email": ' + b"9" * 5000 + b"}", JSON, (400, "malformed_body")),
    ("POST", LOGIN, b'{"email": 1e999, "password": "x"}', JSON, None),
    ("POST", LOGIN, b"null", JSON, (400, "validation_failed")),
    ("POST", LOGIN, b"[]", JSON, (400, "validation_failed")),
    ("POST", LOGIN, b'"text"', JSON, (400, "validation_failed")),
    ("POST", LOGIN, b"7", JSON, (400, "validation_failed")),
    ("POST", LOGIN, b"", JSON, (400, None)),
    ("POST", LOGIN, b'{"email": "' + b"x" * 1_000_000 + b'"}', JSON, (400, None)),
    ("POST", LOGIN, b'{"email": "' + b"x" * 1_100_000 + b'"}', JSON, (413, "body_too_large")),
    ("POST", LOGIN, b"a=b", {"Content-Type": "text/plain"}, (415, "unsupported_media_type")),
    ("POST", LOGIN, b"<a/>", {"Content-Type": "text/xml"}, (415, "unsupported_media_type")),
    (
        "POST",
        LOGIN,
        b"email=a&password=b",
        {"Content-Type": "application/x-www-form-urlencoded"},
        (415, "unsupported_media_type"),
    ),
    ("POST", LOGIN, b"{}", {"Content-Type": "nonsense"}, (415, "unsupported_media_type")),
    ("GET", "/api/health/live?%ff=%fe", None, {}, None),
    ("GET", "/api/%00", None, {}, (404, "not_found")),
    ("GET", "/%2e%2e/%2e%2e/etc/passwd", None, {}, None),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "wanted"),
    PROBLEMS,
    ids=[f"{m} {p} {(b or b'')[:12]!r}" for m, p, b, _, _ in PROBLEMS],
)
def test_errors_are_problem_documents(acme: Agency, method, path, body, headers, wanted):
    answer = acme.host.request(method, path, content=body, headers=headers)

    assert answer.status_code < 500
    assert all(answer.headers[name] == value for name, value in SECURE.items())
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "camera=()" in answer.headers["Permissions-Policy"]
    if wanted is None:
        return
    status, code = status_and_code(answer)
    assert status == wanted[0]
    assert wanted[1] in {None, code}
    assert answer.json()["type"].endswith(f"/errors/{code}")
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(answer.json())
    if status == 405:
        assert answer.headers["Allow"]


def test_large_chunked_body_is_refused(acme: Agency):
    def body():
        yield b'{"email": "'
        for _ in range(30):
            yield b"x" * 100_000
        yield b'"}'

    answer = acme.host.post(LOGIN, content=body(), headers=JSON)

    assert status_and_code(answer) == (413, "body_too_large")


def test_field_errors_are_limited_to_a_hundred():
    faults = {str(number): [ErrorDetail("Wrong.", "invalid")] for number in range(5000)}

    document = json.loads(exception_response(drf.ValidationError({"parts": faults})).content)

    assert len(document["errors"]) == 100
    assert document["errors"][0] == {"field": "parts.0", "code": "invalid", "detail": "Wrong."}
    assert document["detail"] == f"Some fields are not valid. {MORE_ERRORS}"


def test_client_text_in_errors_is_truncated():
    faults = {"n" * 100_000: [ErrorDetail("d" * 100_000, "invalid")]}

    response = exception_response(drf.ValidationError(faults))

    assert len(response.content) < 2000
    assert "There are more" not in response.content.decode()
