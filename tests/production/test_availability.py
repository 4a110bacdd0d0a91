"""Backends that are killed, not ready and restarted; long and streamed bodies."""

import concurrent.futures
import socket
import ssl
import threading
import time

import httpx
import pytest

from tests.support.streamed_paths import STREAMED
from tests.support.traefik_edge import DOMAIN, Edge

pytestmark = pytest.mark.needs("traefik")
ACME = f"acme.{DOMAIN}"


class RequestLoad:
    """Four clients that send requests for as long as the block lasts."""

    clients = 4

    def __init__(self, edge: Edge, method: str = "GET") -> None:
        self.edge, self.method = edge, method
        self.statuses: list[int] = []
        self.stop = threading.Event()
        self.pool = concurrent.futures.ThreadPoolExecutor(self.clients)

    def __enter__(self) -> "RequestLoad":
        self.running = [self.pool.submit(self.send) for _ in range(self.clients)]
        time.sleep(0.3)
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        for one in self.running:
            one.result(timeout=30)
        self.pool.shutdown()

    def send(self) -> None:
        with self.edge.client(headers={"Host": ACME}, timeout=20) as client:
            while not self.stop.is_set():
                self.statuses.append(client.request(self.method, "/work").status_code)
                time.sleep(0.002)


def names(edge: Edge, count: int = 8) -> set[str]:
    return {edge.request(ACME).json()["name"] for _ in range(count)}


def test_killed_backend_loses_no_request_and_returns_to_the_pool(own_edge) -> None:
    edge = own_edge(EDGE_RATE_AVERAGE="0")
    assert names(edge) == {"a", "b"}
    with RequestLoad(edge) as load:
        edge.backends["a"].kill()
        time.sleep(2.5)
        assert names(edge) == {"b"}
        edge.backends["a"].start()
        edge.wait(lambda: names(edge) == {"a", "b"})
    assert len(load.statuses) > 50
    assert set(load.statuses) == {200}


def test_killed_backend_loses_at_most_the_writes_it_had_accepted(own_edge) -> None:
    edge = own_edge(EDGE_RATE_AVERAGE="0")
    with RequestLoad(edge, "POST") as load:
        edge.backends["a"].kill()
        time.sleep(1.5)
    assert len(load.statuses) > 50
    assert load.statuses.count(200) >= len(load.statuses) - load.clients


def test_missing_replicas_lose_no_request(own_edge, tmp_path) -> None:
    """More replicas are listed than run, as just after an increase of BACKEND_REPLICAS."""
    edge = own_edge(EDGE_RATE_AVERAGE="0", BACKEND_REPLICAS="3", BACKEND_URLS=LISTED)
    with RequestLoad(edge) as load:
        time.sleep(1)
    assert set(load.statuses) == {200}


LISTED = "{a},{b},http://127.0.0.1:{{n}}"


def test_backend_that_is_not_ready_gets_no_request(own_edge) -> None:
    edge = own_edge()
    (edge.backends["a"].down / "ready").touch()
    edge.wait(lambda: names(edge) == {"b"})
    (edge.backends["a"].down / "ready").unlink()
    edge.wait(lambda: names(edge) == {"a", "b"})


def test_live_backends_answer_when_none_is_ready(own_edge) -> None:
    """Without the database, the client must get the backend's own 503, not Traefik's."""
    edge = own_edge()
    for name in ("a", "b"):
        (edge.backends[name].down / "ready").touch()
    services = "/api/http/services/backend-ready@file"
    edge.wait(lambda: "UP" not in edge.dashboard(services)["serverStatus"].values())
    assert names(edge) == {"a", "b"}
    (edge.backends["a"].down / "live").touch()
    edge.wait(lambda: names(edge) == {"b"})


@pytest.mark.parametrize(("method", "path"), [("POST", "/break"), ("GET", "/s/break")])
def test_request_accepted_by_a_backend_is_not_retried(own_edge, method, path) -> None:
    """Both backends close the connection after reading the request: the client gets a 503.

    A share link is not opened at the other backend either, because each use is counted.
    """
    edge = own_edge()
    answer = edge.request(ACME, path, method=method, content=b"order" if method == "POST" else None)
    assert answer.status_code == 503
    broken = [httpx.get(f"{edge.backends[n].url}/_received/break").json()["bytes"] for n in "ab"]
    # Go's HTTP client itself retries a read once on a connection that it had kept open.
    assert sorted(broken) in ([[0, 1]] if method == "POST" else [[0, 1], [0, 2]])


def test_failing_read_is_tried_on_at_most_two_backends(own_edge) -> None:
    edge = own_edge()
    assert edge.request(ACME, "/break").status_code == 503
    broken = [httpx.get(f"{edge.backends[n].url}/_received/break").json()["bytes"] for n in "ab"]
    # Go's HTTP client itself retries a read once on a connection that it had kept open.
    assert 2 <= sum(broken) <= 4


@pytest.mark.parametrize(("host", "path"), [(ACME, "/api/files"), (f"s3.{DOMAIN}", "/aggios/up")])
def test_chunked_upload_is_streamed(edge: Edge, host: str, path: str) -> None:
    """The backend receives the first mebibyte before the client sends the second."""
    mebibyte = b"x" * 1024 * 1024
    with connect(edge, host) as stream:
        head = f"PUT {path} HTTP/1.1\r\nHost: {host}\r\nX-Upload: {host}\r\n"
        stream.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        stream.sendall(b"100000\r\n" + mebibyte + b"\r\n")
        waiting = [edge.backends[n] for n in ("a", "b", "minio")]
        edge.wait(lambda: max(received(one, host) for one in waiting) == len(mebibyte))
        stream.sendall(b"100000\r\n" + mebibyte + b"\r\n0\r\n\r\n")
        answer = stream.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert max(received(one, host) for one in waiting) == 2 * len(mebibyte)


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/auth/login"), ("PUT", "/api/files/0")])
def test_slow_short_body_reaches_the_backend_only_when_complete(
    edge: Edge, method: str, path: str
) -> None:
    """An incomplete log-in or rename request occupies no thread of the backend."""
    slow = f"slow-{method}"
    with connect(edge, ACME) as stream:
        head = f"{method} {path} HTTP/1.1\r\nHost: {ACME}\r\nX-Upload: {slow}\r\n"
        stream.sendall(head.encode() + b"Content-Length: 8\r\n\r\nhalf")
        time.sleep(1)
        backends = [edge.backends[n] for n in ("a", "b")]
        assert [received(one, slow) for one in backends] == [0, 0]
        stream.sendall(b"more")
        answer = stream.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert sorted(received(one, slow) for one in backends) == [0, 8]


def test_response_is_streamed(edge: Edge) -> None:
    """The client receives the first half before the backend sends the second."""
    with edge.client(headers={"Host": ACME}) as client, client.stream("GET", "/slow") as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"first"
        assert b"".join(parts) == b"second"


@pytest.mark.parametrize("host", [ACME, "shop.example", f"admin.{DOMAIN}", f"api.{DOMAIN}"])
@pytest.mark.parametrize("path", STREAMED)
def test_response_to_a_short_form_is_streamed(edge: Edge, host: str, path: str) -> None:
    with (
        edge.client(headers={"Host": host, "X-Slowly": "yes"}) as client,
        client.stream("POST", path, data={"file": "1"}) as answer,
    ):
        assert next(answer.iter_raw()) == b"first"


@pytest.mark.parametrize("path", ["/me/password", "/admin/tenants/tenant/1/change/", "/s/x"])
def test_response_to_another_short_form_is_buffered(edge: Edge, path: str) -> None:
    with (
        edge.client(headers={"Host": ACME, "X-Slowly": "yes"}) as client,
        client.stream("POST", path, data={"file": "1"}) as answer,
    ):
        assert next(answer.iter_raw()) == b"firstsecond"


def received(backend, key: str) -> int:
    return int(httpx.get(f"{backend.url}/_received/{key}").json()["bytes"])


def connect(edge: Edge, host: str, address: str = "127.0.0.1") -> ssl.SSLSocket:
    target = ("127.0.0.1", edge.https)
    plain = socket.create_connection(target, timeout=10, source_address=(address, 0))
    return ssl._create_unverified_context().wrap_socket(plain, server_hostname=host)


def test_slow_upload_is_cut_after_the_read_timeout(own_edge) -> None:
    """A timeout of one second is effective, so the hour in traefik.yml is effective too."""
    edge = own_edge(READ_TIMEOUT="1s")
    with connect(edge, ACME) as stream:
        head = f"PUT /up HTTP/1.1\r\nHost: {ACME}\r\nContent-Length: 10\r\n\r\nhalf"
        stream.sendall(head.encode())
        started = time.monotonic()
        answer = stream.recv(65536)
    assert 0.5 < time.monotonic() - started < 5
    assert not answer.startswith(b"HTTP/1.1 200")


def test_sigterm_lets_running_requests_finish(own_edge) -> None:
    edge = own_edge()
    with connect(edge, ACME) as stream:
        head = (
            f"PUT /api/files HTTP/1.1\r\nHost: {ACME}\r\nX-Upload: end\r\n"
            "Content-Length: 20000\r\n\r\n"
        )
        stream.sendall(head.encode() + b"x" * 10_000)
        edge.wait(lambda: any(received(edge.backends[name], "end") for name in "ab"))
        edge.process.terminate()
        time.sleep(0.3)
        stream.sendall(b"x" * 10_000)
        assert stream.recv(65536).startswith(b"HTTP/1.1 200")
