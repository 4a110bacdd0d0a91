"""Sessions: opening, checking, rotating, ending. One row each, locked while it rotates."""

import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.living import session_with_user
from accounts.models import Session, User
from accounts.problems import TokenInvalid, TokenReused
from accounts.tokens import hash_of, kept_refresh_token, read_refresh_token, refresh_token
from audit.services import Actor, Target, record
from core.context import request_context

KEPT_AFTER_END = timedelta(days=30)
PRUNED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with the refresh token that its holder is to keep."""

    session: Session
    user: User
    refresh_token: str


def actor_of(user: User) -> Actor:
    """Return a person as the audit trail names them."""
    return Actor("user", str(user.id), user.email)


def open_session(user: User) -> Opened:
    """Start a session for a person who proved who they are. Call inside a transaction."""
    context = request_context()
    now = timezone.now()
    session = Session(
        user=user,
        rotated_at=now,
        last_used_at=now,
        expires_at=_end_of_life(now),
        ip=context.client_address or None,
        user_agent=context.user_agent,
    )
    token = refresh_token(session)
    session.token_hash = hash_of(token)
    session.save(force_insert=True)
    _prune(now)
    return Opened(session, user, token)


def _end_of_life(now: datetime) -> datetime:
    # Whole seconds: the token carries the time as a number of seconds.
    expires: datetime = (now + settings.REFRESH_TOKEN_LIFETIME).replace(microsecond=0)
    return expires


def _prune(now: datetime) -> None:
    """Take a few long-dead sessions with each new one, so that no cron job has to be remembered."""
    dead = Session.objects.select_for_update(skip_locked=True)
    ids = dead.filter(expires_at__lt=now - KEPT_AFTER_END).values_list("id", flat=True)
    if found := list(ids[:PRUNED_AT_ONCE]):
        Session.objects.filter(id__in=found).delete()


def live_session(session_id: uuid.UUID) -> Session:
    """Return a living session with its active user in one query, or raise TokenInvalid."""
    session = session_with_user(session_id)
    if session is None or not session.is_alive(timezone.now()):
        raise TokenInvalid
    return session


def session_of_token(token: str) -> Session:
    """Return the session that a well-signed refresh token belongs to, living or ended.

    Enough to end it, which only takes rights away. Raises TokenInvalid, TokenExpired.
    """
    found = Session.objects.select_related("user").filter(id=read_refresh_token(token)).first()
    if found is None:
        raise TokenInvalid
    return found


def rotate(token: str) -> Opened:
    """Exchange a refresh token for its child.

    The direct parent of the current token gets the current child again for 30 seconds after its
    rotation, so that tabs that refresh at once all go on. Any other used token ends the session;
    that is committed although the answer is an error. Raises TokenInvalid, TokenExpired,
    TokenReused. Rule: RFC 9700 section 4.14.2 (refresh token rotation with reuse detection).
    """
    session_id = read_refresh_token(token)
    now = timezone.now()
    with transaction.atomic():
        session = _locked(session_id, now)
        kind = _kind_of(session, token, now)
        if kind == "current":
            _advance(session, now)
        elif kind == "used":
            end(session, Session.End.REUSE, actor=actor_of(session.user))
    if kind == "used":
        raise TokenReused
    return Opened(session, session.user, kept_refresh_token(session))


def _locked(session_id: uuid.UUID, now: datetime) -> Session:
    rows = Session.objects.select_for_update(of=("self",)).select_related("user")
    session = rows.filter(id=session_id, user__is_active=True).first()
    if session is None or not session.is_alive(now):
        raise TokenInvalid
    return session


def _kind_of(session: Session, token: str, now: datetime) -> str:
    hashed = hash_of(token)
    if hmac.compare_digest(bytes(session.token_hash), hashed):
        return "current"
    is_parent = hmac.compare_digest(bytes(session.parent_hash), hashed)
    fresh = now - session.rotated_at <= settings.REFRESH_REUSE_GRACE
    return "parent" if is_parent and fresh else "used"


def _advance(session: Session, now: datetime) -> None:
    session.parent_hash = session.token_hash
    session.generation += 1
    session.rotated_at = session.last_used_at = now
    session.expires_at = _end_of_life(now)
    session.ip = request_context().client_address or None
    session.token_hash = hash_of(refresh_token(session))
    session.save()


def end(session: Session, reason: str, *, actor: Actor) -> None:
    """End a session and keep why. Call inside a transaction."""
    session.ended_at, session.end_reason = timezone.now(), reason
    session.save(update_fields=["ended_at", "end_reason"])
    target = Target("session", str(session.id), session.user.email)
    record("session.ended", actor=actor, target=target, reason=reason)


def end_everybodys(reason: str, *, actor: Actor, cause: str) -> int:
    """End every living session of the tenant; return how many there were.

    ``cause`` goes into the record.
    """
    return _end_living(Q(), reason, actor=actor, cause=cause)


def end_all(user: User, reason: str, *, actor: Actor) -> int:
    """End every living session of a person; return how many there were."""
    return _end_living(Q(user=user), reason, actor=actor, target=_person_of(user))


def end_others(session: Session, reason: str, *, actor: Actor) -> int:
    """End every living session of a session's person but this one; return how many there were."""
    others = Q(user=session.user_id) & ~Q(pk=session.pk)
    return _end_living(others, reason, actor=actor, target=_person_of(session.user))


def _person_of(user: User) -> Target:
    return Target("user", str(user.id), user.email)


def _end_living(
    which: Q, reason: str, *, actor: Actor, target: Target | None = None, **details: str
) -> int:
    """End the living sessions that ``which`` selects, with one record of how many.

    They are locked in the order of their ids, so that two who end the same ones never wait for
    each other.
    """
    with transaction.atomic():
        rows = Session.objects.filter(which, ended_at__isnull=True).order_by("id")
        ids = list(rows.select_for_update().values_list("id", flat=True))
        Session.objects.filter(id__in=ids).update(ended_at=timezone.now(), end_reason=reason)
        record(
            "sessions.ended", actor=actor, target=target, reason=reason, **details, count=len(ids)
        )
    return len(ids)
