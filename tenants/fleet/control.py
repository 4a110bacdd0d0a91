"""Runs do not fight: one migration at a time, and no command over tenants beside it."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Self

from django.core.management import CommandError
from django.db import DatabaseError

from core.db_backend.scope import PUBLIC, use_scope
from tenants.schemas.owner import owner_connection

FLEET_LOCK = 0x4147474F  # any number, the same in every process


RUN_LOCK = 0x41474752  # the first half of the advisory locks on single runs


BUSY_STATUS = 4


GRACE_SECONDS = 5.0


SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def exclusive_migration_lock() -> Iterator[None]:
    """Run the block while nobody else migrates or runs a command over tenants.

    Raises CommandError (exit status 4) at once if somebody does. PostgreSQL gives the lock back
    when the process ends, however it ends.
    """
    with _advisory_lock("pg_try_advisory_lock", "pg_advisory_unlock", FLEET_LOCK):
        yield


@contextmanager
def command_run_lock(run_id: str) -> Iterator[None]:
    """Run the block while nobody migrates and nobody else works on the same run."""
    with (
        _advisory_lock("pg_try_advisory_lock_shared", "pg_advisory_unlock_shared", FLEET_LOCK),
        _advisory_lock("pg_try_advisory_lock", "pg_advisory_unlock", RUN_LOCK, run_id),
    ):
        yield


@contextmanager
def _advisory_lock(take: str, give_back: str, number: int, name: str = "") -> Iterator[None]:
    values: list[object] = [number, name] if name else [number]
    key = "%s, hashtext(%s)" if name else "%s"
    if not _query_bool(f"SELECT {take}({key})", values):
        raise CommandError(
            "Another migrate_schemas or fleet run is under way.", returncode=BUSY_STATUS
        )
    try:
        yield
    finally:
        with suppress(DatabaseError):  # a connection that is gone has given it back
            _query_bool(f"SELECT {give_back}({key})", values)


def _query_bool(question: str, values: list[object]) -> bool:
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(question, values)
        return bool(cursor.fetchone()[0])


# Ctrl-C and SIGTERM as wishes: nothing new is begun, and what is under way gets a moment.


class InterruptHandler:
    """Within the block signals are noted instead of acted on; outside of the main thread, not."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._since = 0.0
        self._again = False
        self._former: dict[int, Any] = {}

    @property
    def wanted(self) -> bool:
        """Whether the run shall stop."""
        return self.signal is not None

    @property
    def is_urgent(self) -> bool:
        """Whether what is under way shall be cancelled: the moment is over, or asked for twice."""
        return self.wanted and (self._again or time.monotonic() - self._since > GRACE_SECONDS)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.wanted:
            self._again = True
            return
        self.signal, self._since = number, time.monotonic()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
