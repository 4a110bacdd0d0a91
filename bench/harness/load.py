"""A small HTTP load generator: keep-alive connections, each with one request under way.

It is written on sockets because every microsecond that it takes is taken from the servers beside
it. It ends at a number of requests or of seconds, whichever comes first.
"""

import contextlib
import selectors
import socket
import time
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
LONGEST_ANSWER = 60.0


class BadAnswerError(RuntimeError):
    """A server answered something else than 200; such a run measures nothing."""


@dataclass
class Load:
    """What came of one run."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    body: bytes = b""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


@dataclass
class _Line:
    """One connection."""

    socket: socket.socket
    sent_at: float = 0.0
    received: bytes = b""


def get(path: str, host: str, token: str = "") -> bytes:
    """Return the bytes of a GET request."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def drive(port: int, request: bytes, *, connections: int, requests: int, seconds: float) -> Load:
    """Send ``request`` again and again and return what came. Raises BadAnswerError, OSError."""
    load = Load()
    with contextlib.ExitStack() as closers:
        selector = closers.enter_context(selectors.DefaultSelector())
        left = requests
        started = time.perf_counter()
        for _ in range(min(connections, requests)):
            line = _Line(socket.create_connection((LOOPBACK, port), timeout=LONGEST_ANSWER))
            closers.enter_context(line.socket)
            line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(line.socket, selectors.EVENT_READ, line)
            _send(line, request)
            left -= 1
        while selector.get_map():
            ready = selector.select(LONGEST_ANSWER)
            if not ready:
                raise BadAnswerError(f"no answer from port {port} in {LONGEST_ANSWER:.0f} s")
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


def _send(line: _Line, request: bytes) -> None:
    line.received = b""
    line.sent_at = time.perf_counter()
    line.socket.sendall(request)


def _receive(line: _Line, load: Load) -> bool:
    """Take what has come; tell whether the answer is complete."""
    part = line.socket.recv(65536)
    if not part:
        raise BadAnswerError(f"the connection was closed after {line.received[:200]!r}")
    line.received += part
    head, end, body = line.received.partition(b"\r\n\r\n")
    if not end or len(body) < _content_length(head):
        return False
    if not head.startswith(b"HTTP/1.1 200 "):
        raise BadAnswerError((head + end + body)[:600].decode(errors="replace"))
    load.latencies.append(time.perf_counter() - line.sent_at)
    load.body = body
    return True


def _content_length(head: bytes) -> int:
    name = b"\r\ncontent-length:"
    lowered = head.lower()
    at = lowered.find(name)
    if at < 0:
        raise BadAnswerError(f"an answer without Content-Length: {head!r}")
    return int(lowered[at + len(name) :].partition(b"\r\n")[0])
