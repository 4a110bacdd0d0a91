"""Clients that send, or read, a byte now and then, and come again when they are sent away."""

import contextlib
import re
import selectors
import socket
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

from bench.harness.load import LOOPBACK

STEP = 0.02
CODE = re.compile(rb'"code": "(\w+)"')


@dataclass(eq=False)
class SlowLine:
    """One connection: what it has been told, and since when it is open."""

    socket: socket.socket
    opened_at: float
    due_at: float
    received: bytes = b""


@dataclass
class Ended:
    """What ended connections, and after how many seconds."""

    by: Counter[str] = field(default_factory=Counter)
    ages: list[float] = field(default_factory=list)


class SlowClients(threading.Thread):
    """``count`` connections on which ``request`` was sent, and then one byte each ``interval``.

    A request that ``reads`` sends no more, and takes a byte of its answer as seldom.
    """

    def __init__(
        self, port: int, request: bytes, *, count: int, interval: float, reads: bool
    ) -> None:
        super().__init__(daemon=True)
        self._port, self._request = port, request
        self._interval, self._reads = interval, reads
        self._selector = selectors.DefaultSelector()
        self._lines: set[SlowLine] = set()
        # When the next of them come; who is sent away waits for as long as between two bytes.
        self._comers = deque([0.0] * count)
        self._over = threading.Event()
        self.ended = Ended()

    def __enter__(self) -> "SlowClients":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._lines)

    def run(self) -> None:
        """Keep them open until the block is left."""
        while not self._over.is_set():
            now = time.perf_counter()
            while self._comers and self._comers[0] <= now:
                self._comers.popleft()
                self._open()
            for line in [line for line in self._lines if line.due_at <= now]:
                line.due_at = now + self._interval
                self._trickle(line)
            for key, _ in self._selector.select(STEP):
                self._hear(key.data)
        for line in list(self._lines):
            self._close(line)

    def _open(self) -> None:
        line = socket.socket()
        if self._reads:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line.connect((LOOPBACK, self._port))
        line.sendall(self._request)
        line.setblocking(False)
        now = time.perf_counter()
        slow = SlowLine(line, now, now + self._interval)
        self._lines.add(slow)
        if not self._reads:
            self._selector.register(line, selectors.EVENT_READ, slow)

    def _trickle(self, line: SlowLine) -> None:
        try:
            if not self._reads:
                line.socket.send(b"x")
            elif not (data := line.socket.recv(1)):
                self._end(line, "cut off")
            else:
                line.received += data
        except BlockingIOError:
            pass
        except OSError:
            self._end(line, "cut off")

    def _hear(self, line: SlowLine) -> None:
        try:
            data = line.socket.recv(65536)
        except OSError:
            data = b""
        line.received += data
        if line in self._lines and (not data or CODE.search(line.received)):
            status, code = line.received[9:12].decode(), CODE.search(line.received)
            self._end(line, f"{status} {code[1].decode()}" if code else "cut off")

    def _end(self, line: SlowLine, by: str) -> None:
        self.ended.by[by] += 1
        now = time.perf_counter()
        self.ended.ages.append(now - line.opened_at)
        self._comers.append(now + self._interval)
        self._close(line)

    def _close(self, line: SlowLine) -> None:
        self._lines.discard(line)
        with contextlib.suppress(KeyError):
            self._selector.unregister(line.socket)
        line.socket.close()
