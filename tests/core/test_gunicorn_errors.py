"""Errors that gunicorn sends before Django are problem documents with a request id."""

import json
import socket

import pytest

from devstack.testing import TestStack
from tests.support.http_client import BASE_DOMAIN, Site
from tests.support.service_logs import log_lines_with

FORM = "application/x-www-form-urlencoded"
MEBIBYTE = 1024 * 1024


def exchange(
    port: int, request: bytes, *, wait: float = 30, cut: bool = False
) -> tuple[bytes, bytes]:
    """Send raw bytes; return head and body of the response.

    ``cut`` ends this half of the connection after them.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as line:
        line.sendall(request)
        if cut:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        while data := line.recv(65536):
            answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def request(line: str, *fields: str, host: str = "localhost") -> bytes:
    return "\r\n".join([line, f"Host: {host}", *fields, "Connection: close", "", ""]).encode()


REFUSED = [
    pytest.param(request(f"GET /{'a' * 9000} HTTP/1.1"), 414, "uri_too_long", id="line"),
    pytest.param(
        request("GET / HTTP/1.1", f"X: {'a' * 9000}"), 431, "headers_too_large", id="long"
    ),
    pytest.param(
        request("GET / HTTP/1.1", *(f"X-{n}: y" for n in range(150))),
        431,
        "headers_too_large",
        id="many",
    ),
    pytest.param(
        request("POST / HTTP/1.1", f"Content-Type: {FORM}", "Content-Type: text/plain"),
        400,
        "bad_request",
        id="types",
    ),
    pytest.param(request("get / HTTP/1.1"), 400, "bad_request", id="method"),
]


@pytest.mark.parametrize("port", ["web", "gunicorn"])
@pytest.mark.parametrize(("sent", "status", "code"), REFUSED)
def test_request_refused_by_gunicorn_is_a_problem(
    site: Site, stores: TestStack, port: str, sent: bytes, status: int, code: str
):
    head, body = exchange(stores.ports[port], sent)

    problem = json.loads(body)
    assert (int(head.split()[1]), problem["status"], problem["code"]) == (status, status, code)
    assert b"\r\ncontent-type: application/problem+json" in head.lower()
    assert f"x-request-id: {problem['request_id']}".encode() in head.lower()
    assert log_lines_with(stores, problem["request_id"])[0]["event"] == "request_refused"


@pytest.mark.parametrize("port", ["web", "gunicorn"])
@pytest.mark.parametrize(
    ("body", "cut"), [(b"ZZ\r\n", False), (b"2\r\n{}\r\nZZ\r\n", False), (b"5\r\n{", True)]
)
def test_malformed_chunked_body_is_a_problem(
    site: Site, stores: TestStack, port: str, body: bytes, cut: bool
):
    fields = (
        "Transfer-Encoding: chunked",
        "Content-Type: application/json",
        "X-Request-ID: abc-1234",
    )
    sent = request("POST /api/auth/register HTTP/1.1", *fields, host=BASE_DOMAIN) + body
    head, answer = exchange(stores.ports[port], sent, cut=cut)

    problem = json.loads(answer)
    assert (int(head.split()[1]), problem["code"]) == (400, "malformed_body")
    assert b"\r\ncontent-type: application/problem+json" in head.lower()
    assert problem["request_id"] == "abc-1234"
    assert b"x-request-id: abc-1234" in head.lower()
    assert b"x-api-version: v1" in head.lower()
