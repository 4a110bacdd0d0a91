"""How long a session lives: until it is ended, or until one of its limits falls.

Everything is decided from the row and the workspace's rules each time somebody asks, so a rule that
is tightened counts from the next request, whatever the tokens say.
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
from accounts.problems import TokenInvalid
from accounts.tenant_policy import current_policy
from audit.services import SYSTEM, Target, record
from core.request_context import request_context

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
        """What the holder of its tokens is told: the cause is in ``reason``."""
        said = f"{END_MESSAGES[Session.End(self.reason)]} Log in again."
        return TokenInvalid(said, members={"reason": self.reason})


def refresh_expiry(began: datetime, now: datetime) -> datetime:
    """Return until when a session that is used now can be refreshed.

    Seven days on, unless the workspace's absolute limit, counted from the log-in, comes first.
    """
    expires: datetime = now + settings.REFRESH_TOKEN_LIFETIME
    absolute = absolute_expiry(began)
    # Whole seconds: the token carries the time as a number of seconds.
    return (min(expires, absolute) if absolute else expires).replace(microsecond=0)


def absolute_expiry(began: datetime) -> datetime | None:
    """Return when a session ends however much it is used; None without such a rule."""
    seconds = current_policy().session_absolute_seconds
    return began + timedelta(seconds=seconds) if seconds else None


def session_end(session: Session, now: datetime) -> SessionEnd | None:
    """Return why and when a session ended, or None while it lives."""
    if session.ended_at is not None:
        return SessionEnd(session.ended_at, session.end_reason)
    first = min(_expiries(session), key=lambda ending: ending.at)
    # A rule that was tightened meanwhile never ends a session before its last use.
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
    """Return the condition of the sessions for which ``session_end`` is None."""
    rules = current_policy()
    condition = Q(ended_at__isnull=True, expires_at__gt=now)
    if rules.session_absolute_seconds:
        condition &= Q(created_at__gt=now - timedelta(seconds=rules.session_absolute_seconds))
    if rules.session_idle_seconds:
        condition &= Q(last_used_at__gt=now - timedelta(seconds=rules.session_idle_seconds))
    return condition


# Noting on a session's row what a request found out about it: that it is in use, or has run out.
#
# A request never waits for that and never fails by it. A row that somebody holds (a rotation, most
# likely) is left to them, and one that has changed since it was read is not written.


def update_last_used(session: Session, now: datetime) -> None:
    """Note that the session is used now, and from where; at most once a minute.

    More often only where the workspace's idle limit is so short that a minute would matter.
    """
    idle = current_policy().session_idle_seconds
    every = min(LAST_USED_INTERVAL, idle / 10) if idle else LAST_USED_INTERVAL
    if now - session.last_used_at < timedelta(seconds=every):
        return
    context = request_context()
    with _best_effort("session_last_used_not_updated"):
        used = {
            "last_used_at": now,
            "ip": context.client_address or None,
            "user_agent": context.user_agent,
        }
        if _write_if_unchanged(session, **used):
            session.last_used_at = now


def mark_expired(session: Session, ending: SessionEnd) -> None:
    """Write down how a session ran out, with a record of it."""
    with _best_effort("session_expiry_not_recorded"):
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
