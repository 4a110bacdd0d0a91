"""A small HTTP load generator: keep-alive connections, each with one request at a time.

It uses sockets directly, because its own processor time is taken from the servers on the same
machine. A run ends after a number of requests or of seconds, whichever comes first.
"""

import contextlib
import selectors
import socket
import time
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
TIMEOUT = 60.0
NO_REQUEST_LIMIT = 10**9


class UnexpectedResponseError(RuntimeError):
    """A response whose status is not 200; such a run measures nothing."""


@dataclass
class Load:
    """The result of one run."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    body: bytes = b""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


@dataclass
class _Connection:
    """One keep-alive connection and its current response."""

    socket: socket.socket
    sent_at: float = 0.0
    received: bytes = b""


def get(path: str, host: str, token: str = "") -> bytes:
    """Return the bytes of a GET request."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def drive(
    port: int,
    request: bytes,
    *,
    connections: int,
    seconds: float,
    requests: int = NO_REQUEST_LIMIT,
) -> Load:
    """Repeat ``request`` on all connections and return the measurements.

    Raises:
        UnexpectedResponseError: A response is not 200, incomplete or late.
        OSError: A connection fails.
    """
    load = Load()
    with contextlib.ExitStack() as closers:
        selector = closers.enter_context(selectors.DefaultSelector())
        left = requests
        started = time.perf_counter()
        for _ in range(min(connections, requests)):
            connection = _Connection(socket.create_connection((LOOPBACK, port), timeout=TIMEOUT))
            closers.enter_context(connection.socket)
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            _send(connection, request)
            left -= 1
        while selector.get_map():
            ready = selector.select(TIMEOUT)
            if not ready:
                raise UnexpectedResponseError(f"no response from port {port} in {TIMEOUT:.0f} s")
            for key, _ in ready:
                if not _receive(key.data, load):
                    continue
                if left > 0 and time.perf_counter() - started < seconds:
                    _send(key.data, request)
                    left -= 1
                else:
                    selector.unregister(key.data.socket)
        load.seconds = time.perf_counter() - started
    return load


def _send(connection: _Connection, request: bytes) -> None:
    connection.received = b""
    connection.sent_at = time.perf_counter()
    connection.socket.sendall(request)


def _receive(connection: _Connection, load: Load) -> bool:
    """Read what has arrived; return whether the response is complete."""
    part = connection.socket.recv(65536)
    if not part:
        before = connection.received[:200]
        raise UnexpectedResponseError(f"the connection was closed after {before!r}")
    connection.received += part
    head, end, body = connection.received.partition(b"\r\n\r\n")
    if not end or len(body) < _content_length(head):
        return False
    if not head.startswith(b"HTTP/1.1 200 "):
        raise UnexpectedResponseError((head + end + body)[:600].decode(errors="replace"))
    load.latencies.append(time.perf_counter() - connection.sent_at)
    load.body = body
    return True


def _content_length(head: bytes) -> int:
    name = b"\r\ncontent-length:"
    lowered = head.lower()
    at = lowered.find(name)
    if at < 0:
        raise UnexpectedResponseError(f"a response without Content-Length: {head!r}")
    return int(lowered[at + len(name) :].partition(b"\r\n")[0])
