"""Control of runs: advisory locks between runs, and stopping a run by a signal."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

from django.core.management import CommandError
from django.db import DatabaseError

from core.db_backend.scope import PUBLIC, use_scope
from tenants.schemas.owner import owner_connection

FLEET_LOCK = 0x4147474F  # any number, the same in every process
RUN_LOCK = 0x41474752  # the first key of the advisory locks on single runs
BUSY_STATUS = 4
GRACE_SECONDS = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def exclusive_migration_lock() -> Iterator[None]:
    """Run the block without other migrations or commands over tenants at the same time.

    PostgreSQL releases the lock when the process ends for any reason.

    Raises: CommandError (exit status 4) at once if another run is active.
    """
    with _advisory_lock("pg_try_advisory_lock", "pg_advisory_unlock", FLEET_LOCK):
        yield


@contextmanager
def command_run_lock(run_id: str) -> Iterator[None]:
    """Run the block without a migration, or another process on the same run, at the same time.

    Raises: CommandError (exit status 4).
    """
    with (
        _advisory_lock("pg_try_advisory_lock_shared", "pg_advisory_unlock_shared", FLEET_LOCK),
        _advisory_lock("pg_try_advisory_lock", "pg_advisory_unlock", RUN_LOCK, run_id),
    ):
        yield


class InterruptHandler:
    """Records SIGINT and SIGTERM in the block instead of raising, so that a run can stop cleanly.

    Outside of the main thread, signals are not handled.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._since = 0.0
        self._repeated = False
        self._previous_handlers: dict[int, Any] = {}

    @property
    def is_requested(self) -> bool:
        """Whether the run must stop: no further tenant is started."""
        return self.signal is not None

    @property
    def is_urgent(self) -> bool:
        """Whether running work must be cancelled: after the grace period or a second signal."""
        return self.is_requested and (
            self._repeated or time.monotonic() - self._since > GRACE_SECONDS
        )

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.is_requested:
            self._repeated = True
            return
        self.signal, self._since = number, time.monotonic()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._previous_handlers = {
                number: signal.signal(number, self._handle) for number in SIGNALS
            }
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)


@contextmanager
def _advisory_lock(acquire: str, release: str, number: int, name: str = "") -> Iterator[None]:
    values: list[object] = [number, name] if name else [number]
    key = "%s, hashtext(%s)" if name else "%s"
    if not _query_bool(f"SELECT {acquire}({key})", values):
        raise CommandError(
            "Another migrate_schemas or fleet run is active. Try again when it has ended.",
            returncode=BUSY_STATUS,
        )
    try:
        yield
    finally:
        with suppress(DatabaseError):  # a lost connection has released the lock
            _query_bool(f"SELECT {release}({key})", values)


def _query_bool(query: str, values: list[object]) -> bool:
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(query, values)
        return bool(cursor.fetchone()[0])
