"""Sessions: opening, checking and ending. How they rotate is in accounts/sessions/rotation.py."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actors import user_actor, user_target
from accounts.models import Session, User
from accounts.problems import InvalidCredentials, TokenInvalid
from accounts.retention import SESSION_RETENTION, prune_sessions
from accounts.sessions.expiry import (
    SessionEnd,
    active_sessions_q,
    mark_expired,
    refresh_expiry,
    session_end,
    update_last_used,
)
from accounts.sessions.lookup import find_session_with_user
from accounts.sessions.tokens import hash_token, refresh_token
from accounts.tenant_policy import current_policy
from accounts.users.queries import lock_user
from audit.services import Actor, Target, record
from core.db_backend.queries import insert
from core.request_context import request_context

# Each part is answered from an index (user_id, session_not_ended, expires_at).
COUNTS_SQL = """
SELECT (SELECT count(*) FROM accounts_session WHERE user_id = %s AND ended_at IS NULL),
       EXISTS (SELECT FROM accounts_session WHERE ended_at IS NULL AND expires_at <= %s)
       OR EXISTS (SELECT FROM accounts_session WHERE expires_at < %s)
"""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session with the refresh token that its holder is to keep."""

    session: Session
    user: User
    refresh_token: str


def open_session(user: User) -> NewSession:
    """Start a session for a person who proved who they are. Call inside a transaction.

    The person's row stays locked until then: two who log in at once count each other's session,
    and nobody gets one who is being deactivated. Returned is the person as the locked row has them.
    Raises InvalidCredentials for an inactive person.
    """
    context = request_context()
    now = timezone.now()
    locked = _lock_active_user(user)
    _enforce_session_limit(locked, now)
    session = Session(
        user=locked,
        rotated_at=now,
        last_used_at=now,
        expires_at=refresh_expiry(now, now),
        ip=context.client_address or None,
        user_agent=context.user_agent,
    )
    token = refresh_token(session)
    session.token_hash = hash_token(token)
    insert(session)
    return NewSession(session, locked, token)


def _lock_active_user(user: User) -> User:
    found = lock_user(user.id)
    if found is None or not found.is_active:
        raise InvalidCredentials
    return found


def _enforce_session_limit(user: User, now: datetime) -> None:
    """End the sessions that one more is too many for, and prune if old ones have piled up."""
    room = session_counts(user, now)
    for row in sessions_to_evict(user, room, now):
        row.user = user
        end_session(row, Session.End.REVOKED, actor=user_actor(user), cause="sessions_per_user")
    if room.piled_up:
        prune_sessions(now)


def authenticate_session(session_id: uuid.UUID) -> Session:
    """Return a living session with its active user in one query, or raise TokenInvalid.

    The use is noted once a minute, and how a session ran out when it is met first.
    """
    session = find_session_with_user(session_id)
    if session is None:
        raise TokenInvalid
    now = timezone.now()
    require_active(session, now)
    update_last_used(session, now)
    return session


def require_active(session: Session, now: datetime) -> None:
    """Raise TokenInvalid, with the cause as ``reason``, for an ended session or inactive person.

    What has run out is marked so on its row, unless the transaction that this runs in fails.
    """
    ending = session_end(session, now)
    if ending is not None:
        if session.ended_at is None:
            mark_expired(session, ending)
        raise ending.problem
    if not session.user.is_active:
        raise SessionEnd(now, Session.End.REVOKED).problem


def end_session(session: Session, reason: str, *, actor: Actor, **details: str) -> None:
    """End a session and keep why. Call inside a transaction, with its row locked."""
    session.ended_at, session.end_reason = timezone.now(), reason
    session.save(update_fields=["ended_at", "end_reason"])
    target = Target("session", str(session.id), session.user.email)
    record("session.ended", actor=actor, target=target, reason=reason, **details)


def end_tenant_sessions(reason: str, *, actor: Actor, cause: str) -> int:
    """End every living session of the tenant; return how many there were.

    ``cause`` goes into the record.
    """
    return _end_active(Q(), reason, actor=actor, cause=cause)


def end_user_sessions(user: User, reason: str, *, actor: Actor) -> int:
    """End every living session of a person; return how many there were."""
    return _end_active(Q(user=user), reason, actor=actor, target=user_target(user))


def end_other_sessions(session: Session, reason: str, *, actor: Actor) -> int:
    """End every living session of a session's person but this one; return how many there were."""
    others = Q(user=session.user_id) & ~Q(pk=session.pk)
    return _end_active(others, reason, actor=actor, target=user_target(session.user))


def _end_active(
    which: Q, reason: str, *, actor: Actor, target: Target | None = None, **details: str
) -> int:
    """End the living sessions that ``which`` selects, with one record of how many.

    They are locked in the order of their ids, so that two who end the same ones never wait for
    each other.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Session.objects.filter(which, active_sessions_q(now)).order_by("id")
        ids = list(rows.select_for_update().values_list("id", flat=True))
        Session.objects.filter(id__in=ids).update(ended_at=now, end_reason=reason)
        record(
            "sessions.ended", actor=actor, target=target, reason=reason, **details, count=len(ids)
        )
    return len(ids)


# Making room for a new session: among those of its person, and among all that have piled up.
#
# One cheap statement tells whether either has to be done. Nearly always neither has, and then it
# is all that a log-in spends on them.


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """How many sessions of a person have not been ended, and whether there are any to prune."""

    not_ended: int
    piled_up: bool


def session_counts(user: User, now: datetime) -> SessionCounts:
    """Return how things stand. What waited for the person's lock sees what the holder did."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS_SQL, [user.id, now, now - SESSION_RETENTION])
        not_ended, piled_up = cursor.fetchone()
    return SessionCounts(not_ended, piled_up)


def sessions_to_evict(user: User, room: SessionCounts, now: datetime) -> list[Session]:
    """Return the person's sessions that one more is too many for, locked in the order of ids.

    Those that were used least recently. Not all that have not been ended still live, so the first
    look may find more than there are.
    """
    most = current_policy().sessions_per_user
    if not most or room.not_ended < most:
        return []
    living = Session.objects.filter(active_sessions_q(now), user=user)
    spare = living.order_by("-last_used_at", "-id").values("id")[most - 1 :]
    return list(living.filter(id__in=spare).order_by("id").select_for_update())
