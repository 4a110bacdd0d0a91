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

from core.db_backend.scope import PUBLIC, enter
from tenants.schemas.owner import owner_connection

LOCK = 0x48534B50  # any number, the same in every process
log = logging.getLogger(__name__)
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Chore:
    """A command with its arguments, and what it is for."""

    command: str
    arguments: tuple[str, ...]
    purpose: str


CHORES = (
    Chore("purge_tenants", (), "delete what is due, export first"),
    Chore("domains", ("check", "--all"), "look custom domains up, let stale claims go"),
    Chore("prune_sessions", (), "take old sessions, links, invitations and keys away"),
    Chore("purge_trash", (), "delete what has been in the trash for long enough"),
    Chore(
        "reconcile_storage",
        ("--all", "--settle", "--older-than", "86400", "--exit-zero"),
        "finish what uploads left, compare rows and store",
    ),
    Chore("measure_usage", ("--all", "--older-than", "3600"), "measure what tenants hold"),
    Chore("verify_audit", ("--older-than", "86400"), "verify audit trails, log where they end"),
)


class Busy(Exception):  # noqa: N818 - it reads as what it is
    """Another housekeeper is at work."""


def one_round(report: Report) -> list[str]:
    """Run every chore once and return the commands that failed.

    Raises Busy while somebody else's round is under way, CommandError without the owner's login.
    """
    with _alone():
        return [chore.command for chore in CHORES if not _done(chore, report)]


def _done(chore: Chore, report: Report) -> bool:
    said = io.StringIO()
    try:
        call_command(chore.command, *chore.arguments, stdout=said, stderr=said)
    except CommandError as exc:
        return _failed(chore, f"{said.getvalue().strip()} {exc}".strip(), report)
    except Exception as exc:
        log.exception("chore_failed", extra={"chore": chore.command})
        return _failed(chore, str(exc) or type(exc).__name__, report)
    lines = said.getvalue().strip().splitlines()
    report(f"{chore.command}: {lines[-1] if lines else 'done'}")
    return True


def _failed(chore: Chore, why: str, report: Report) -> bool:
    report(f"{chore.command} FAILED: {why}")
    return False


@contextmanager
def _alone() -> Iterator[None]:
    with enter(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise Busy
    try:
        yield
    finally:
        _unlock()


def _unlock() -> None:
    """Give the lock back; a connection that was lost meanwhile has given it back itself."""
    try:
        with enter(PUBLIC), owner_connection().cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    except DatabaseError:
        log.warning("housekeeping_lock_lost")
