"""Periodic tasks of the housekeeper.

A round runs every task; a failed task does not stop the others. An advisory lock allows one round
at a time, with any number of housekeepers.
"""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.management import CommandError, call_command
from django.db import DatabaseError

from core.db_backend.scope import PUBLIC, use_scope
from tenants.schemas.owner import owner_connection

LOCK_ID = 0x48534B50  # any number, the same in every process
log = logging.getLogger(__name__)
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """A management command with its arguments and purpose."""

    command: str
    arguments: tuple[str, ...]
    purpose: str


PERIODIC_TASKS = (
    PeriodicTask("purge_tenants", (), "export and purge tenants that are due"),
    PeriodicTask("domains", ("check", "--all"), "check custom domains, release stale claims"),
    PeriodicTask("prune_sessions", (), "delete old sessions, links, invitations and keys"),
    PeriodicTask("end_support_access", (), "record the end of support accesses"),
    PeriodicTask("purge_trash", (), "purge old files in the trash"),
    PeriodicTask(
        "reconcile_storage",
        ("--all", "--settle", "--older-than", "86400", "--exit-zero"),
        "clean up after uploads, compare rows and store",
    ),
    PeriodicTask("measure_usage", ("--all", "--older-than", "3600"), "measure tenants' usage"),
    PeriodicTask(
        "verify_audit", ("--older-than", "86400"), "verify audit trails, log their last event"
    ),
)


class HousekeeperBusyError(Exception):
    """Another housekeeper is running."""


def run_tasks(report: Report) -> list[str]:
    """Run every task once; return the commands that failed.

    Raises: HousekeeperBusyError during another round, CommandError without the owner's login.
    """
    with _housekeeping_lock():
        return [task.command for task in PERIODIC_TASKS if not _run_task(task, report)]


def _run_task(task: PeriodicTask, report: Report) -> bool:
    output = io.StringIO()
    try:
        call_command(task.command, *task.arguments, stdout=output, stderr=output)
    except CommandError as exc:
        return _report_failure(task, f"{output.getvalue().strip()} {exc}".strip(), report)
    except Exception as exc:
        log.exception("periodic_task_failed", extra={"task": task.command})
        return _report_failure(task, str(exc) or type(exc).__name__, report)
    lines = output.getvalue().strip().splitlines()
    report(f"{task.command}: {lines[-1] if lines else 'done'}")
    return True


def _report_failure(task: PeriodicTask, reason: str, report: Report) -> bool:
    report(f"{task.command} FAILED: {reason}")
    return False


@contextmanager
def _housekeeping_lock() -> Iterator[None]:
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_ID])
        if not cursor.fetchone()[0]:
            raise HousekeeperBusyError
    try:
        yield
    finally:
        _unlock()


def _unlock() -> None:
    """Release the lock; a lost connection has released it already."""
    try:
        with use_scope(PUBLIC), owner_connection().cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_ID])
    except DatabaseError:
        log.warning("housekeeping_lock_lost")
