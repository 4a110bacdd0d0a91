"""A proxy between gunicorn and PostgreSQL that recognises context switches, and its attacker.

The proxy delays some of the switches: it inserts a long comment before the statement, which changes
nothing but keeps PostgreSQL reading for about a millisecond. During that time the attacker cancels
or terminates the backend. So the attack hits this statement on purpose and not by chance.
"""

import contextlib
import queue
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import psycopg

LOOPBACK = "127.0.0.1"
COMMENT = b"/*" + b"-" * 1_000_000 + b"*/"
SWITCH = b"search_path"  # in the switch statement of both sides, and in no other statement
CANCELLED, TERMINATED = b"\0C57014\0", b"\0C57P01\0"  # SQLSTATE fields of an ErrorResponse
# A statement is a Query, or a Parse if its parameters are bound by the server.
QUERY, PARSE, ERROR, BACKEND_KEY = b"Q", b"P", b"E", b"K"
BEFORE_RESULT = b"12T"  # ParseComplete, BindComplete, RowDescription

TERMINATIONS = 0.1  # of all attacks; the others cancel
MAX_PAUSE = 0.05  # seconds between two random attacks
ATTACKER_CONNECTIONS = 4

Attack = Callable[[int], None]


class Attacker:
    """Superuser connections that attack one backend, and a thread that attacks at random."""

    def __init__(self, url: str, login: str) -> None:
        self._login = login
        self._connections: queue.Queue[psycopg.Connection] = queue.Queue()
        for _ in range(ATTACKER_CONNECTIONS + 1):
            self._connections.put(psycopg.connect(url, autocommit=True))
        self._stop = threading.Event()

    def attack(self, pid: int) -> None:
        """Cancel or terminate the backend ``pid`` now."""
        self._execute(f"SELECT {_function()}(%s)", [pid])

    @contextlib.contextmanager
    def attacking_at_random(self) -> Iterator[None]:
        """Attack any backend of the login at random times during the block."""
        thread = threading.Thread(target=self._attack_at_random)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def close(self) -> None:
        """Close the connections."""
        while not self._connections.empty():
            self._connections.get().close()

    def _attack_at_random(self) -> None:
        while not self._stop.is_set():
            self._execute(
                f"SELECT {_function()}(pid) FROM pg_stat_activity WHERE usename = %s "
                "ORDER BY state = 'active' DESC, random() LIMIT 1",
                [self._login],
            )
            time.sleep(random.random() * MAX_PAUSE)

    def _execute(self, statement: str, values: list[object]) -> None:
        connection = self._connections.get()
        try:
            connection.execute(statement, values)
        finally:
            self._connections.put(connection)


def _function() -> str:
    return "pg_terminate_backend" if random.random() < TERMINATIONS else "pg_cancel_backend"


class Proxy:
    """The proxy; ``seen`` counts what happened."""

    def __init__(self, server_port: int, attack: Attack, probability: float) -> None:
        """``probability`` is that of an attack on a switch, between 0 and 1."""
        self._server_port, self._attack, self._probability = server_port, attack, probability
        self._listener = socket.create_server((LOOPBACK, 0), backlog=64)
        self._lock = threading.Lock()
        self.seen: Counter[str] = Counter()
        self.port: int = self._listener.getsockname()[1]

    @contextlib.contextmanager
    def open(self) -> Iterator["Proxy"]:
        """Forward connections during the block."""
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self._listener.close()

    def count(self, event: str) -> None:
        """Count an event."""
        with self._lock:
            self.seen[event] += 1

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed at the end of the run
            while True:
                client, _ = self._listener.accept()
                _Connection(self, client).start()

    def connect(self) -> socket.socket:
        """Open a connection to PostgreSQL."""
        server = socket.create_connection((LOOPBACK, self._server_port))
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    def chooses_to_attack(self) -> bool:
        """Choose whether this switch is attacked."""
        return random.random() < self._probability

    def attack(self, pid: int) -> None:
        """Have a backend cancelled or terminated."""
        self._attack(pid)


class _Connection:
    """One connection of the application, with a thread for each direction."""

    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self._proxy, self._client = proxy, client
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = proxy.connect()
        self._pid = 0
        self._startup = b""
        self._switching = False

    def start(self) -> None:
        for source, target, forward in (
            (self._client, self._server, self._to_server),
            (self._server, self._client, self._to_client),
        ):
            threading.Thread(target=self._pump, args=(source, target, forward), daemon=True).start()

    def _pump(
        self, source: socket.socket, target: socket.socket, forward: Callable[[bytes], None]
    ) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                forward(part)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _to_server(self, part: bytes) -> None:
        if part[:1] not in (QUERY, PARSE) or SWITCH not in part[:200]:
            self._switching = False
            self._server.sendall(part)
            return
        self._switching = True
        self._proxy.count("switches")
        if not self._proxy.chooses_to_attack():
            self._server.sendall(part)
            return
        self._proxy.count("switches_attacked")
        self._server.sendall(_delayed(part))
        self._proxy.attack(self._pid)

    def _to_client(self, part: bytes) -> None:
        if not self._pid:
            self._startup += part
            self._pid = _pid_in(self._startup)
        statement = "switches" if self._switching and _is_error(part) else "others"
        for code, event in ((CANCELLED, "cancelled"), (TERMINATED, "terminated")):
            if code in part:
                self._proxy.count(f"{statement}_{event}")
        self._switching = False
        self._client.sendall(part)


def _delayed(part: bytes) -> bytes:
    """Return the messages with a comment before the statement of the first, a Query or Parse."""
    (length,) = struct.unpack("!I", part[1:5])
    # In a Parse the name of the statement comes before its text.
    start = part.index(b"\0", 5) + 1 if part[:1] == PARSE else 5
    head = part[:1] + struct.pack("!I", length + len(COMMENT)) + part[5:start]
    return head + COMMENT + part[start:]


def _is_error(part: bytes) -> bool:
    """Return whether the response to a statement is an error."""
    rest = part
    while len(rest) >= 5 and rest[:1] in BEFORE_RESULT:
        rest = rest[struct.unpack("!I", rest[1:5])[0] + 1 :]
    return rest[:1] == ERROR


def _pid_in(startup: bytes) -> int:
    """Return the pid in the server's BackendKeyData, or 0 if that has not arrived yet."""
    rest = startup.lstrip(b"NS") if startup[:1] in b"NS" and startup[1:2] in b"R" else startup
    while len(rest) >= 5:
        length = struct.unpack("!I", rest[1:5])[0] + 1
        if rest[:1] == BACKEND_KEY and len(rest) >= 9:
            return int(struct.unpack("!I", rest[5:9])[0])
        rest = rest[length:]
    return 0
