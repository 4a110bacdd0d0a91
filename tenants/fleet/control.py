"""Runs do not fight: one migration at a time, and no command over tenants beside it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.management import CommandError
from django.db import DatabaseError

from core.db_backend.scope import PUBLIC, use_scope
from tenants.schemas.owner import owner_connection

FLEET_LOCK = 0x4147474F  # any number, the same in every process
RUN_LOCK = 0x41474752  # the first half of the advisory locks on single runs
BUSY_STATUS = 4


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
