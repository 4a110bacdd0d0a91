"""Limits of request bodies: stalled bodies, huge forms, duplicate names."""

import json
import socket
import time

import pytest

from aggios.server.request_body import MAX_PAUSE_SECONDS
from devstack.testing import TestStack
from tests.support.factories import Agency
from tests.support.http_client import Site

MEBIBYTE = 1024 * 1024


def send(port: int, head: list[str], body: bytes, *, wait: float = 60) -> bytes:
    """Send a raw request and return everything until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as line:
        line.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode() + body)
        answer = b""
        while data := line.recv(65536):
            answer += data
    return answer


def status_and_code(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["code"]


@pytest.mark.parametrize(
    ("path", "refusal"),
    [("/api/auth/login", (408, "request_timeout")), ("/api/files", (400, "upload_interrupted"))],
)
def test_stalled_body_times_out(acme: Agency, stores: TestStack, path: str, refusal):
    """The request goes directly to a worker: the proxy would not forward half a log-in."""
    form = "multipart/form-data; boundary=b"
    head = [
        f"POST {path} HTTP/1.1",
        f"Host: {acme.host.name}",
        f"Authorization: Bearer {acme.owner.access_token}",
        f"Content-Type: {form if path == '/api/files' else 'application/json'}",
        "Content-Length: 5000",
    ]
    began = time.monotonic()

    answer = send(stores.ports["gunicorn"], head, b"--b\r\n" if path == "/api/files" else b"{")

    assert MAX_PAUSE_SECONDS - 1 < time.monotonic() - began < MAX_PAUSE_SECONDS + 30
    assert status_and_code(answer) == refusal


def test_huge_form_is_refused_before_reading(site: Site, stores: TestStack):
    head = [
        "POST /signup HTTP/1.1",
        f"Host: {site.host().name}",
        f"Cookie: aggios_csrf={'a' * 32}",
        "Content-Type: multipart/form-data; boundary=b",
        f"Content-Length: {64 * MEBIBYTE}",
    ]
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'

    answer = send(stores.ports["gunicorn"], head, part + b"x" * MEBIBYTE)

    assert status_and_code(answer) == (413, "body_too_large")


def test_duplicate_json_name_is_refused(acme: Agency):
    twice = b'{"email": "a@b.test", "email": "c@d.test", "password": "x"}'
    headers = {"Content-Type": "application/json"}

    answer = acme.host.post("/api/auth/login", content=twice, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
