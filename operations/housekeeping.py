"""What must be done now and then, so that nobody has to remember a cron job for each.

One round runs every chore; one that fails does not keep the others from running. An advisory lock
lets one round at a time through, however many housekeepers there are.
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
    """A command with its arguments, and what it is for."""

    command: str
    arguments: tuple[str, ...]
    purpose: str


PERIODIC_TASKS = (
    PeriodicTask("purge_tenants", (), "delete what is due, export first"),
    PeriodicTask("domains", ("check", "--all"), "look custom domains up, let stale claims go"),
    PeriodicTask("prune_sessions", (), "take old sessions, links, invitations and keys away"),
    PeriodicTask("purge_trash", (), "delete what has been in the trash for long enough"),
    PeriodicTask(
        "reconcile_storage",
        ("--all", "--settle", "--older-than", "86400", "--exit-zero"),
        "finish what uploads left, compare rows and store",
    ),
    PeriodicTask("measure_usage", ("--all", "--older-than", "3600"), "measure what tenants hold"),
    PeriodicTask(
        "verify_audit", ("--older-than", "86400"), "verify audit trails, log where they end"
    ),
)


class HousekeeperBusyError(Exception):
    """Another housekeeper is at work."""


def run_tasks(report: Report) -> list[str]:
    """Run every chore once and return the commands that failed.

    Raises Busy while somebody else's round is under way, CommandError without the owner's login.
    """
    with _housekeeping_lock():
        return [chore.command for chore in PERIODIC_TASKS if not _run_task(chore, report)]


def _run_task(chore: PeriodicTask, report: Report) -> bool:
    said = io.StringIO()
    try:
        call_command(chore.command, *chore.arguments, stdout=said, stderr=said)
    except CommandError as exc:
        return _report_failure(chore, f"{said.getvalue().strip()} {exc}".strip(), report)
    except Exception as exc:
        log.exception("periodic_task_failed", extra={"chore": chore.command})
        return _report_failure(chore, str(exc) or type(exc).__name__, report)
    lines = said.getvalue().strip().splitlines()
    report(f"{chore.command}: {lines[-1] if lines else 'done'}")
    return True


def _report_failure(chore: PeriodicTask, why: str, report: Report) -> bool:
    report(f"{chore.command} FAILED: {why}")
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
    """Give the lock back; a connection that was lost meanwhile has given it back itself."""
    try:
        with use_scope(PUBLIC), owner_connection().cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_ID])
    except DatabaseError:
        log.warning("housekeeping_lock_lost")
