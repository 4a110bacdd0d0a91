"""Noting on a session's row what a request found out about it: that it is in use, or has run out.

A request never waits for that and never fails by it. A row that somebody holds (a rotation, most
likely) is left to them, and one that has changed since it was read is not written.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction

from accounts.models import Session
from accounts.sessions.expiry import SessionEnd
from accounts.tenant_policy import current_policy
from audit.services import SYSTEM, Target, record
from core.request_context import request_context

log = logging.getLogger(__name__)
LAST_USED_INTERVAL = 60.0
LOCK_TIMEOUT = "200ms"


def update_last_used(session: Session, now: datetime) -> None:
    """Note that the session is used now, and from where; at most once a minute.

    More often only where the workspace's idle limit is so short that a minute would matter.
    """
    idle = current_policy().session_idle_seconds
    every = min(LAST_USED_INTERVAL, idle / 10) if idle else LAST_USED_INTERVAL
    if now - session.last_used_at < timedelta(seconds=every):
        return
    context = request_context()
    with _best_effort("session_not_touched"):
        used = {
            "last_used_at": now,
            "ip": context.client_address or None,
            "user_agent": context.user_agent,
        }
        if _write_if_unchanged(session, **used):
            session.last_used_at = now


def mark_expired(session: Session, ending: SessionEnd) -> None:
    """Write down how a session ran out, with a record of it."""
    with _best_effort("session_not_marked"):
        if _write_if_unchanged(session, ended_at=ending.at, end_reason=ending.reason):
            target = Target("session", str(session.id), session.user.email)
            record("session.ended", actor=SYSTEM, target=target, reason=ending.reason)


@contextmanager
def _best_effort(complaint: str) -> Iterator[None]:
    """Run the block as one transaction that neither waits long nor fails the request."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            yield
    except DatabaseError as exc:
        log.warning(complaint, exc_info=exc)


def _write_if_unchanged(session: Session, **values: Any) -> bool:
    """Write the row if it is as it was read and nobody holds it; tell whether it was written."""
    as_read = Session.objects.filter(
        pk=session.pk, ended_at=None, last_used_at=session.last_used_at
    )
    free = as_read.order_by().select_for_update(skip_locked=True)
    return bool(Session.objects.filter(pk__in=free.values("pk")).update(**values))
