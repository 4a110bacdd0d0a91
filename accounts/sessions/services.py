"""Opening and ending sessions, and the limit of sessions per user.

Authentication by a session is in accounts/authentication.py, refresh tokens are exchanged
in accounts/sessions/rotation.py.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Session, User
from accounts.permissions import current_policy
from accounts.problems import InvalidCredentials
from accounts.retention import SESSION_RETENTION, prune
from accounts.sessions.expiry import active_sessions_q, refresh_expiry
from accounts.sessions.tokens import hash_token, refresh_token
from accounts.users.queries import lock_user, session_target, user_actor, user_target
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
    """A new or rotated session, with the refresh token for the client."""

    session: Session
    user: User
    refresh_token: str


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """The number of a user's sessions that are not marked as ended, and whether to prune."""

    not_ended: int
    has_prunable: bool


def open_session(user: User) -> NewSession:
    """Start a session for an authenticated user. Call inside a transaction.

    The user's row stays locked until its end. So concurrent log-ins count each other's session, and
    no session is opened while the user is being deactivated. The returned user is the locked row.

    Raises: InvalidCredentials for an inactive user.
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


def end_session(session: Session, reason: str, *, actor: Actor, **details: str) -> None:
    """End a session and store the reason. Call inside a transaction, with its row locked."""
    session.ended_at, session.end_reason = timezone.now(), reason
    session.save(update_fields=["ended_at", "end_reason"])
    record("session.ended", actor=actor, target=session_target(session), reason=reason, **details)


def end_tenant_sessions(reason: str, *, actor: Actor, cause: str) -> int:
    """End all active sessions of the tenant and return their number.

    ``cause`` goes into the audit event.
    """
    return _end_active(Q(), reason, actor=actor, cause=cause)


def end_user_sessions(user: User, reason: str, *, actor: Actor) -> int:
    """End all active sessions of a user and return their number."""
    return _end_active(Q(user=user), reason, actor=actor, target=user_target(user))


def end_other_sessions(session: Session, reason: str, *, actor: Actor) -> int:
    """End the other active sessions of the session's user and return their number."""
    others = Q(user=session.user_id) & ~Q(pk=session.pk)
    return _end_active(others, reason, actor=actor, target=user_target(session.user))


def session_counts(user: User, now: datetime) -> SessionCounts:
    """Count sessions in one cheap statement; usually a log-in needs no other for the limit.

    A caller that waited for the user's lock sees what the previous holder did.
    """
    with connection.cursor() as cursor:
        cursor.execute(COUNTS_SQL, [user.id, now, now - SESSION_RETENTION])
        not_ended, has_prunable = cursor.fetchone()
    return SessionCounts(not_ended, has_prunable)


def sessions_to_evict(user: User, counts: SessionCounts, now: datetime) -> list[Session]:
    """Return the least recently used sessions above the limit, locked in the order of ids.

    ``counts`` may include expired sessions, so it is only an upper bound.
    """
    limit = current_policy().sessions_per_user
    if not limit or counts.not_ended < limit:
        return []
    active = Session.objects.filter(active_sessions_q(now), user=user)
    surplus = active.order_by("-last_used_at", "-id").values("id")[limit - 1 :]
    return list(active.filter(id__in=surplus).order_by("id").select_for_update())


def _lock_active_user(user: User) -> User:
    locked = lock_user(user.id)
    if locked is None or not locked.is_active:
        raise InvalidCredentials
    return locked


def _enforce_session_limit(user: User, now: datetime) -> None:
    """End sessions above the limit per user, and prune old ones if there are any."""
    counts = session_counts(user, now)
    for row in sessions_to_evict(user, counts, now):
        row.user = user
        end_session(row, Session.End.REVOKED, actor=user_actor(user), cause="sessions_per_user")
    if counts.has_prunable:
        prune("sessions", now)


def _end_active(
    which: Q, reason: str, *, actor: Actor, target: Target | None = None, **details: str
) -> int:
    """End the active sessions that ``which`` selects, with one audit event.

    The rows are locked in the order of ids, so concurrent calls cannot deadlock.
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
