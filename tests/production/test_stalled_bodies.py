"""Stalled bodies in the proxy: memory, limits for one address, and streamed bodies."""

import contextlib
import ipaddress
import ssl
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.support.traefik_edge import DOMAIN, Edge, running_edge

from .test_availability import connect, received

pytestmark = pytest.mark.needs("traefik")
ACME = f"acme.{DOMAIN}"
MEBIBYTE = 1024 * 1024
STALLED, LIMIT = 135, 20
ADDRESSES = ipaddress.ip_network("127.1.0.0/16").hosts()
TRIES = 20


def send_incomplete_body(line: ssl.SSLSocket, path: str, size: int, key: str = "") -> None:
    """Send all of a body but its last byte."""
    head = f"POST {path} HTTP/1.1\r\nHost: {ACME}\r\nX-Upload: {key}\r\n"
    line.sendall(f"{head}Content-Length: {size}\r\n\r\n".encode() + b"x" * (size - 1))


@pytest.fixture(scope="module")
def unlimited_edge(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """A separate Traefik, so that its memory can be measured, without a rate limit."""
    folder = tmp_path_factory.mktemp("stalled")
    with running_edge(folder, EDGE_RATE_AVERAGE="0", EDGE_IN_FLIGHT="200") as started:
        yield started


@pytest.mark.parametrize("size", [9_999, MEBIBYTE])
def test_stalled_bodies_cost_little_memory(unlimited_edge: Edge, size: int) -> None:
    process = psutil.Process(unlimited_edge.process.pid)
    before = process.memory_info().rss
    with contextlib.ExitStack() as stack:
        for _ in range(STALLED):
            send_incomplete_body(
                stack.enter_context(connect(unlimited_edge, ACME)), "/api/auth/login", size
            )
        assert unlimited_edge.request(ACME, "/api/x", timeout=20).status_code == 200
        # A buffered body of 1 MiB would need that much memory, or twice as much.
        assert process.memory_info().rss - before < STALLED * MEBIBYTE // 2


def test_long_body_is_streamed(unlimited_edge: Edge) -> None:
    with connect(unlimited_edge, ACME) as line:
        send_incomplete_body(line, "/api/auth/login", 10_000, "streams")
        backends = [unlimited_edge.backends[name] for name in ("a", "b")]
        unlimited_edge.wait(lambda: any(received(one, "streams") > 9_000 for one in backends))


def test_body_without_a_length_is_streamed(unlimited_edge: Edge) -> None:
    with connect(unlimited_edge, ACME) as line:
        head = f"POST /api/auth/login HTTP/1.1\r\nHost: {ACME}\r\nX-Upload: chunks\r\n"
        line.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        backends = [unlimited_edge.backends[name] for name in ("a", "b")]
        unlimited_edge.wait(lambda: any(received(one, "chunks") == 4 for one in backends))


@pytest.mark.parametrize("path", ["/api/auth/login", "/s/token"])
def test_body_beyond_the_buffer_limit_reaches_the_backend(unlimited_edge: Edge, path: str) -> None:
    """Traefik does not answer for such a body: the 413 comes from the backend."""
    sent = b"x" * 40 * MEBIBYTE
    answer = unlimited_edge.request(ACME, path, "POST", content=sent, timeout=60)
    assert (answer.status_code, answer.json()["bytes"]) == (200, len(sent))


def test_concurrent_requests_of_one_address_are_limited(own_edge) -> None:
    edge = start_polled_edge(own_edge, EDGE_IN_FLIGHT=str(LIMIT))
    with contextlib.ExitStack() as stack:
        edge.wait(lambda: is_refused_beside_others(stack, edge, length=100))
        assert status(edge, "127.0.0.9") == 200


def test_concurrent_streamed_bodies_of_one_address_are_limited(own_edge) -> None:
    edge = start_polled_edge(own_edge, EDGE_STREAMS_IN_FLIGHT=str(LIMIT))
    with contextlib.ExitStack() as stack:
        edge.wait(lambda: is_refused_beside_others(stack, edge, b"x" * 20_000, length=20_000))
        assert status(edge, "127.0.0.1") == 200
        assert status(edge, "127.0.0.9", b"x" * 20_000) == 200


def is_refused_beside_others(
    stack: contextlib.ExitStack, edge: Edge, body: bytes = b"{}", *, length: int
) -> bool:
    """Begin as many requests as one address may have, and tell whether one more is refused.

    Each attempt has an address of its own, of which exactly these are counted: a new configuration
    has not counted the requests of the former attempt.
    """
    address = str(next(ADDRESSES))
    for _ in range(LIMIT):
        line = stack.enter_context(connect(edge, ACME, address))
        send_incomplete_body(line, "/api/auth/login", length)
    # Traefik counts a request once it has read its head.
    return any(status(edge, address, body) == 429 for _ in range(TRIES))


def start_polled_edge(own_edge, **limit: str) -> Edge:
    """Start a Traefik and wait for its providers: a new configuration resets the counts."""
    edge = own_edge(EDGE_RATE_AVERAGE="0", PROVIDER_POLL_INTERVAL="200ms", **limit)
    edge.wait(lambda: received(edge.backends["a"], "routes") >= 3)
    return edge


def status(edge: Edge, address: str, body: bytes = b"{}") -> int:
    transport = httpx.HTTPTransport(verify=False, local_address=address)
    with httpx.Client(transport=transport) as client:
        url = f"https://127.0.0.1:{edge.https}/api/auth/login"
        sent = {"headers": {"Host": ACME}, "extensions": {"sni_hostname": ACME}}
        return client.post(url, content=body, **sent).status_code
