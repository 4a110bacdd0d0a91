"""Clients that send or read one byte at long intervals, and reconnect when they are refused."""

import contextlib
import re
import selectors
import socket
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

from bench.harness.load import LOOPBACK

POLL_SECONDS = 0.02
CODE = re.compile(rb'"code": "(\w+)"')


@dataclass(eq=False)
class SlowConnection:
    """One connection: what it has received, when it was opened, when it acts again."""

    socket: socket.socket
    opened_at: float
    due_at: float
    received: bytes = b""


@dataclass
class Ended:
    """Why connections ended, and after how many seconds."""

    reasons: Counter[str] = field(default_factory=Counter)
    ages: list[float] = field(default_factory=list)


class SlowClients(threading.Thread):
    """``count`` connections that send ``request``, and then one byte per ``interval``.

    With ``reads`` they send nothing more, and read one byte of the response per ``interval``.
    """

    def __init__(
        self, port: int, request: bytes, *, count: int, interval: float, reads: bool
    ) -> None:
        super().__init__(daemon=True)
        self._port, self._request = port, request
        self._interval, self._reads = interval, reads
        self._selector = selectors.DefaultSelector()
        self._connections: set[SlowConnection] = set()
        # Times of the next connections; a refused client waits for one interval.
        self._opens_at = deque([0.0] * count)
        self._stopping = threading.Event()
        self.ended = Ended()

    def __enter__(self) -> "SlowClients":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()

    @property
    def open(self) -> int:
        """The number of open connections."""
        return len(self._connections)

    def run(self) -> None:
        """Keep the connections open until the end of the block."""
        while not self._stopping.is_set():
            now = time.perf_counter()
            while self._opens_at and self._opens_at[0] <= now:
                self._opens_at.popleft()
                self._connect()
            for connection in [one for one in self._connections if one.due_at <= now]:
                connection.due_at = now + self._interval
                self._act(connection)
            for key, _ in self._selector.select(POLL_SECONDS):
                self._receive(key.data)
        for connection in list(self._connections):
            self._close(connection)

    def _connect(self) -> None:
        client = socket.socket()
        if self._reads:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.connect((LOOPBACK, self._port))
        client.sendall(self._request)
        client.setblocking(False)
        now = time.perf_counter()
        connection = SlowConnection(client, now, now + self._interval)
        self._connections.add(connection)
        if not self._reads:
            self._selector.register(client, selectors.EVENT_READ, connection)

    def _act(self, connection: SlowConnection) -> None:
        try:
            if not self._reads:
                connection.socket.send(b"x")
            elif not (data := connection.socket.recv(1)):
                self._end(connection, "cut off")
            else:
                connection.received += data
        except BlockingIOError:
            pass
        except OSError:
            self._end(connection, "cut off")

    def _receive(self, connection: SlowConnection) -> None:
        try:
            data = connection.socket.recv(65536)
        except OSError:
            data = b""
        connection.received += data
        if connection in self._connections and (not data or CODE.search(connection.received)):
            status, code = connection.received[9:12].decode(), CODE.search(connection.received)
            self._end(connection, f"{status} {code[1].decode()}" if code else "cut off")

    def _end(self, connection: SlowConnection, reason: str) -> None:
        self.ended.reasons[reason] += 1
        now = time.perf_counter()
        self.ended.ages.append(now - connection.opened_at)
        self._opens_at.append(now + self._interval)
        self._close(connection)

    def _close(self, connection: SlowConnection) -> None:
        self._connections.discard(connection)
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection.socket)
        connection.socket.close()
