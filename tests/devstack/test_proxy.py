"""Traefik: what it forwards, adds and refuses, and its own errors."""

import http.client
import json
import re

import pytest

from aggios import gunicorn
from devstack.home import CHECKOUT
from devstack.testing import TestStack
from tests.support.devstack import web


def test_any_host_reaches_the_application(full_stack: TestStack) -> None:
    answer = web.get(full_stack.ports["web"], "/", host="shop.example")

    assert answer.body.split()[0] == b"shop.example"


def test_request_id_is_forwarded(full_stack: TestStack) -> None:
    answer = web.get(full_stack.ports["web"], "/", X_Request_ID="abc-1234")

    assert answer.body.split()[1] == b"abc-1234"


def test_forged_headers_are_replaced(full_stack: TestStack) -> None:
    answer = web.get(full_stack.ports["web"], "/", X_Forwarded_For="6.6.6.6")

    assert answer.body.split()[2] == b"127.0.0.1"


def test_header_with_underscores_is_dropped(full_stack: TestStack) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", full_stack.ports["web"], timeout=30)
    connection.request("GET", "/", headers={"Host": "localhost", "X_Auth_User": "eve"})
    body = connection.getresponse().read()
    connection.close()

    assert body.split()[3] == b"-"


def test_s3_host_reaches_the_object_store(full_stack: TestStack) -> None:
    answer = web.get(full_stack.ports["web"], "/aggios", host="s3.aggios.localhost")

    assert answer.status == 403
    assert b"AccessDenied" in answer.body


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics/x"])
def test_metrics_from_outside_are_not_found(full_stack: TestStack, path: str) -> None:
    answer = web.get(full_stack.ports["web"], path, X_Request_ID="abc-1234")

    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body)["code"] == "not_found"
    assert json.loads(answer.body)["request_id"] == answer.headers["x-request-id"] == "abc-1234"


def test_application_503_is_forwarded(full_stack: TestStack) -> None:
    answer = web.get(full_stack.ports["web"], "/busy")

    assert (answer.status, answer.body, answer.headers["retry-after"]) == (503, b"busy", "7")


def test_application_500_to_streamed_body_is_forwarded(full_stack: TestStack) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", full_stack.ports["web"], timeout=30)
    connection.request("POST", "/fail", iter([b"x" * 50_000]), encode_chunked=True)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()

    assert (answer.status, body, answer.headers["X-Request-ID"]) == (500, b"fail", "own-1234")


def test_missing_application_is_a_503_problem(full_stack: TestStack) -> None:
    full_stack.stop("gunicorn")
    try:
        answer = web.get(full_stack.ports["web"], "/api/x", X_Request_ID="abc-1234")
    finally:
        full_stack.start_ready("gunicorn")

    problem = json.loads(answer.body)
    assert (answer.status, problem["status"], problem["code"]) == (503, 503, "service_unavailable")
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert problem["request_id"] == answer.headers["x-request-id"] == "abc-1234"


def test_missing_object_store_is_a_503_problem(full_stack: TestStack) -> None:
    full_stack.stop("seaweedfs")
    try:
        answer = web.get(full_stack.ports["web"], "/aggios/key", host="s3.aggios.localhost")
    finally:
        full_stack.start_ready("seaweedfs")

    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


def test_access_log_names_the_request(full_stack: TestStack) -> None:
    web.get(full_stack.ports["web"], "/not-in-the-log", X_Request_ID="abc-456")

    lines = (full_stack.home.logs / "access.log").read_text().splitlines()
    entry = next(
        item for item in map(json.loads, lines) if item.get("request_X-Request-Id") == "abc-456"
    )
    assert (entry["RouterName"], entry["DownstreamStatus"]) == ("app@file", 200)
    assert "/not-in-the-log" not in json.dumps(entry)


def test_idle_connections_close_before_gunicorns_keep_alive(
    full_stack: TestStack,
) -> None:
    """A write on a connection that is being closed must not be repeated: it would be a 503."""
    written = (full_stack.home.path / "traefik" / "dynamic.yml").read_text(encoding="utf-8")
    local = json.loads(written)["http"]
    in_use = {one["loadBalancer"]["serversTransport"] for one in local["services"].values()}
    waits = [
        local["serversTransports"][name]["forwardingTimeouts"]["idleConnTimeout"] for name in in_use
    ]
    for name in ("services.yml", "storage.yml"):
        text = (CHECKOUT / "traefik" / "dynamic" / name).read_text(encoding="utf-8")
        waits += re.findall(r"idleConnTimeout: (\S+)", text)

    assert len(waits) == 3
    assert all(int(wait.removesuffix("s")) * 2 < gunicorn.keepalive for wait in waits)
