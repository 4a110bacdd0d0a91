"""A proxy between gunicorn and PostgreSQL that knows when a context switch is under way.

Some of the switches are held up: a long comment is put before the statement, which changes nothing
but keeps PostgreSQL reading for about a millisecond, and meanwhile ``strike`` has its backend
cancelled or ended. So the attack meets the statement that it is aimed at, and not by luck alone.
"""

import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator

LOOPBACK = "127.0.0.1"
COMMENT = b"/*" + b"-" * 1_000_000 + b"*/"
SWITCH = b"search_path"  # in both sides' statement, and in no other of theirs
CANCELLED, ENDED = b"\0C57014\0", b"\0C57P01\0"  # SQLSTATE fields of an ErrorResponse
# A statement is a Query, or where its parameters are bound on the server a Parse.
QUERY, PARSE, ERROR, BACKEND_KEY = b"Q", b"P", b"E", b"K"
BEFORE_RESULT = b"12T"  # ParseComplete, BindComplete, RowDescription

Strike = Callable[[int], None]


class Wire:
    """The proxy; ``seen`` counts what passed."""

    def __init__(self, server_port: int, strike: Strike, aim: float) -> None:
        """``aim`` is the part of all switches that are struck, between 0 and 1."""
        self._server_port, self._strike, self._aim = server_port, strike, aim
        self._listener = socket.create_server((LOOPBACK, 0), backlog=64)
        self._lock = threading.Lock()
        self.seen: Counter[str] = Counter()
        self.port: int = self._listener.getsockname()[1]

    @contextlib.contextmanager
    def open(self) -> Iterator["Wire"]:
        """Pass connections on while the block runs."""
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self._listener.close()

    def count(self, what: str) -> None:
        """Count something that happened."""
        with self._lock:
            self.seen[what] += 1

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed: the run is over
            while True:
                client, _ = self._listener.accept()
                _Line(self, client).start()

    def connect(self) -> socket.socket:
        """Open a connection to PostgreSQL."""
        server = socket.create_connection((LOOPBACK, self._server_port))
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    def aimed(self) -> bool:
        """Choose whether this switch is struck."""
        return random.random() < self._aim

    def strike(self, pid: int) -> None:
        """Have a backend cancelled or ended."""
        self._strike(pid)


class _Line:
    """One connection of the application, with a thread for each direction."""

    def __init__(self, wire: Wire, client: socket.socket) -> None:
        self._wire, self._client = wire, client
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = wire.connect()
        self._pid = 0
        self._greeting = b""
        self._switching = False

    def start(self) -> None:
        for source, target, look in (
            (self._client, self._server, self._to_server),
            (self._server, self._client, self._to_client),
        ):
            threading.Thread(target=self._pump, args=(source, target, look), daemon=True).start()

    def _pump(
        self, source: socket.socket, target: socket.socket, look: Callable[[bytes], None]
    ) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                look(part)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _to_server(self, part: bytes) -> None:
        if part[:1] not in (QUERY, PARSE) or SWITCH not in part[:200]:
            self._switching = False
            self._server.sendall(part)
            return
        self._switching = True
        self._wire.count("switches")
        if not self._wire.aimed():
            self._server.sendall(part)
            return
        self._wire.count("switches_aimed_at")
        self._server.sendall(_held_up(part))
        self._wire.strike(self._pid)

    def _to_client(self, part: bytes) -> None:
        if not self._pid:
            self._greeting += part
            self._pid = _pid_in(self._greeting)
        where = "switches" if self._switching and _is_error(part) else "others"
        for code, what in ((CANCELLED, "cancelled"), (ENDED, "ended")):
            if code in part:
                self._wire.count(f"{where}_{what}")
        self._switching = False
        self._client.sendall(part)


def _held_up(part: bytes) -> bytes:
    """Return the messages with a comment before the statement of the first, a Query or Parse."""
    (length,) = struct.unpack("!I", part[1:5])
    # Before the text of a Parse stands the name of the statement.
    start = part.index(b"\0", 5) + 1 if part[:1] == PARSE else 5
    head = part[:1] + struct.pack("!I", length + len(COMMENT)) + part[5:start]
    return head + COMMENT + part[start:]


def _is_error(part: bytes) -> bool:
    """Tell whether what the server answers to a statement is an error."""
    rest = part
    while len(rest) >= 5 and rest[:1] in BEFORE_RESULT:
        rest = rest[struct.unpack("!I", rest[1:5])[0] + 1 :]
    return rest[:1] == ERROR


def _pid_in(greeting: bytes) -> int:
    """Return the pid that the server's BackendKeyData names, or 0 if that has not come yet."""
    rest = greeting.lstrip(b"NS") if greeting[:1] in b"NS" and greeting[1:2] in b"R" else greeting
    while len(rest) >= 5:
        length = struct.unpack("!I", rest[1:5])[0] + 1
        if rest[:1] == BACKEND_KEY and len(rest) >= 9:
            return int(struct.unpack("!I", rest[5:9])[0])
        rest = rest[length:]
    return 0
