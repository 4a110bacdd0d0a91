"""Lifetime of a session: until it is ended, expires, or is idle for too long.

It is computed from the row and the tenant's policy at every use. So a stricter policy applies from
the next request, whatever the tokens say.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Q

from accounts.models import Session
from accounts.permissions import current_policy
from accounts.problems import TokenInvalid
from accounts.users.queries import session_target
from audit.services import SYSTEM, record
from core.request_context import request_context
from core.text.translation import translatable

END_MESSAGES = {
    Session.End.LOGOUT: "You have logged out of this session.",
    Session.End.REUSE: "A used refresh token came back, so this session was ended.",
    Session.End.PASSWORD: "The password was changed, so this session was ended.",
    Session.End.REVOKED: "This session was revoked.",
    Session.End.EXPIRED: "This session has reached its end.",
    Session.End.IDLE: "This session was not used for too long.",
    Session.End.STAFF: "This session was ended by the platform's staff.",
}
log = logging.getLogger(__name__)
LAST_USED_INTERVAL = 60.0
LOCK_TIMEOUT = "200ms"


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """When a session ended, and why (one of ``Session.End``)."""

    at: datetime
    reason: str

    @property
    def problem(self) -> TokenInvalid:
        """The problem for the holder of the session's tokens, with the cause as ``reason``."""
        cause = translatable(END_MESSAGES[Session.End(self.reason)])
        detail = translatable("%(cause)s Log in again.", cause=cause)
        return TokenInvalid(detail, members={"reason": self.reason})


def refresh_expiry(created_at: datetime, now: datetime) -> datetime:
    """Return until when a session that is used now can be refreshed.

    That is seven days, or earlier if the tenant's absolute limit since the log-in comes first.
    """
    expires: datetime = now + settings.REFRESH_TOKEN_LIFETIME
    absolute = absolute_expiry(created_at)
    # Whole seconds: the token carries the time as a number of seconds.
    return (min(expires, absolute) if absolute else expires).replace(microsecond=0)


def absolute_expiry(created_at: datetime) -> datetime | None:
    """Return when a session ends even if it is in use; None without such a limit."""
    seconds = current_policy().session_absolute_seconds
    return created_at + timedelta(seconds=seconds) if seconds else None


def session_end(session: Session, now: datetime) -> SessionEnd | None:
    """Return when and why a session ended; None while it is active."""
    if session.ended_at is not None:
        return SessionEnd(session.ended_at, session.end_reason)
    first = min(_expiries(session), key=lambda end: end.at)
    # A policy that became stricter never ends a session before its last use.
    return (
        SessionEnd(max(first.at, session.last_used_at), first.reason) if first.at <= now else None
    )


def _expiries(session: Session) -> Iterator[SessionEnd]:
    yield SessionEnd(session.expires_at, Session.End.EXPIRED)
    if (absolute := absolute_expiry(session.created_at)) is not None:
        yield SessionEnd(absolute, Session.End.EXPIRED)
    if seconds := current_policy().session_idle_seconds:
        idle = session.last_used_at + timedelta(seconds=seconds)
        yield SessionEnd(idle, Session.End.IDLE)


def active_sessions_q(now: datetime) -> Q:
    """Return the condition for sessions whose ``session_end`` is None."""
    policy = current_policy()
    condition = Q(ended_at__isnull=True, expires_at__gt=now)
    if policy.session_absolute_seconds:
        condition &= Q(created_at__gt=now - timedelta(seconds=policy.session_absolute_seconds))
    if policy.session_idle_seconds:
        condition &= Q(last_used_at__gt=now - timedelta(seconds=policy.session_idle_seconds))
    return condition


def update_last_used(session: Session, now: datetime) -> None:
    """Record time and address of the use on the row, at most once a minute and best effort.

    More often only if the tenant's idle limit is so short that a minute matters.
    """
    idle = current_policy().session_idle_seconds
    every = min(LAST_USED_INTERVAL, idle / 10) if idle else LAST_USED_INTERVAL
    if now - session.last_used_at < timedelta(seconds=every):
        return
    context = request_context()
    with _best_effort("session_last_used_not_updated"):
        values = {
            "last_used_at": now,
            "ip": context.client_address or None,
            "user_agent": context.user_agent,
        }
        if _write_if_unchanged(session, **values):
            session.last_used_at = now


def mark_expired(session: Session, end: SessionEnd) -> None:
    """Mark an expired session as ended and record it in the audit trail, best effort."""
    with _best_effort("session_expiry_not_recorded"):
        if _write_if_unchanged(session, ended_at=end.at, end_reason=end.reason):
            record("session.ended", actor=SYSTEM, target=session_target(session), reason=end.reason)


@contextmanager
def _best_effort(event: str) -> Iterator[None]:
    """Run the block as a transaction that waits at most ``LOCK_TIMEOUT``. Log errors, do not raise.

    The request must neither wait for this write nor fail because of it.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            yield
    except DatabaseError as exc:
        log.warning(event, exc_info=exc)


def _write_if_unchanged(session: Session, **values: Any) -> bool:
    """Update the row if it is unchanged since it was read and not locked; return whether it was.

    A lock is most likely a rotation, which writes the same columns.
    """
    as_read = Session.objects.filter(
        pk=session.pk, ended_at=None, last_used_at=session.last_used_at
    )
    free = as_read.order_by().select_for_update(skip_locked=True)
    return bool(Session.objects.filter(pk__in=free.values("pk")).update(**values))
