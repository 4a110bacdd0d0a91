"""Who cancels and ends the application's backends: other connections, as the superuser."""

import contextlib
import queue
import random
import threading
import time
from collections.abc import Iterator

import psycopg

ENDINGS = 0.1  # of all strikes; the others cancel
PAUSE = 0.05  # seconds between two blows at random, at most
ARMS = 4


class Attacker:
    """Connections that strike one backend, and a thread that strikes at random."""

    def __init__(self, url: str, login: str) -> None:
        self._login = login
        self._arms: queue.Queue[psycopg.Connection] = queue.Queue()
        for _ in range(ARMS + 1):
            self._arms.put(psycopg.connect(url, autocommit=True))
        self._over = threading.Event()

    def strike(self, pid: int) -> None:
        """Cancel or end the backend ``pid`` now."""
        self._execute(f"SELECT {_verb()}(%s)", [pid])

    @contextlib.contextmanager
    def raging(self) -> Iterator[None]:
        """Strike any backend of the login, at any moment, while the block runs."""
        thread = threading.Thread(target=self._rage)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def close(self) -> None:
        """Close the connections."""
        while not self._arms.empty():
            self._arms.get().close()

    def _rage(self) -> None:
        while not self._over.is_set():
            self._execute(
                f"SELECT {_verb()}(pid) FROM pg_stat_activity WHERE usename = %s "
                "ORDER BY state = 'active' DESC, random() LIMIT 1",
                [self._login],
            )
            time.sleep(random.random() * PAUSE)

    def _execute(self, statement: str, values: list[object]) -> None:
        arm = self._arms.get()
        try:
            arm.execute(statement, values)
        finally:
            self._arms.put(arm)


def _verb() -> str:
    return "pg_terminate_backend" if random.random() < ENDINGS else "pg_cancel_backend"
