"""Sessions: opening, checking and ending. How they rotate is in accounts/sessions/rotation.py."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actors import actor_of, target_of
from accounts.models import Session, User
from accounts.people.finding import locked_person
from accounts.problems import InvalidCredentials, TokenInvalid
from accounts.sessions.expiry import Ending, alive, end_of_life, ending_of
from accounts.sessions.lookup import session_with_user
from accounts.sessions.pruning import prune
from accounts.sessions.room import look_round, too_many
from accounts.sessions.tokens import hash_of, refresh_token
from accounts.sessions.touching import mark, touch
from audit.services import Actor, Target, record
from core.db_backend.queries import insert
from core.request_context import request_context


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with the refresh token that its holder is to keep."""

    session: Session
    user: User
    refresh_token: str


def open_session(user: User) -> Opened:
    """Start a session for a person who proved who they are. Call inside a transaction.

    The person's row stays locked until then: two who log in at once count each other's session,
    and nobody gets one who is being deactivated. Returned is the person as the locked row has them.
    Raises InvalidCredentials for an inactive person.
    """
    context = request_context()
    now = timezone.now()
    locked = _locked_person(user)
    _make_room(locked, now)
    session = Session(
        user=locked,
        rotated_at=now,
        last_used_at=now,
        expires_at=end_of_life(now, now),
        ip=context.client_address or None,
        user_agent=context.user_agent,
    )
    token = refresh_token(session)
    session.token_hash = hash_of(token)
    insert(session)
    return Opened(session, locked, token)


def _locked_person(user: User) -> User:
    found = locked_person(user.id)
    if found is None or not found.is_active:
        raise InvalidCredentials
    return found


def _make_room(user: User, now: datetime) -> None:
    """End the sessions that one more is too many for, and prune if old ones have piled up."""
    room = look_round(user, now)
    for row in too_many(user, room, now):
        row.user = user
        end(row, Session.End.REVOKED, actor=actor_of(user), cause="sessions_per_user")
    if room.piled_up:
        prune(now)


def live_session(session_id: uuid.UUID) -> Session:
    """Return a living session with its active user in one query, or raise TokenInvalid.

    The use is noted once a minute, and how a session ran out when it is met first.
    """
    session = session_with_user(session_id)
    if session is None:
        raise TokenInvalid
    now = timezone.now()
    require_alive(session, now)
    touch(session, now)
    return session


def require_alive(session: Session, now: datetime) -> None:
    """Raise TokenInvalid, with the cause as ``reason``, for an ended session or inactive person.

    What has run out is marked so on its row, unless the transaction that this runs in fails.
    """
    ending = ending_of(session, now)
    if ending is not None:
        if session.ended_at is None:
            mark(session, ending)
        raise ending.problem
    if not session.user.is_active:
        raise Ending(now, Session.End.REVOKED).problem


def end(session: Session, reason: str, *, actor: Actor, **details: str) -> None:
    """End a session and keep why. Call inside a transaction, with its row locked."""
    session.ended_at, session.end_reason = timezone.now(), reason
    session.save(update_fields=["ended_at", "end_reason"])
    target = Target("session", str(session.id), session.user.email)
    record("session.ended", actor=actor, target=target, reason=reason, **details)


def end_everybodys(reason: str, *, actor: Actor, cause: str) -> int:
    """End every living session of the tenant; return how many there were.

    ``cause`` goes into the record.
    """
    return _end_living(Q(), reason, actor=actor, cause=cause)


def end_all(user: User, reason: str, *, actor: Actor) -> int:
    """End every living session of a person; return how many there were."""
    return _end_living(Q(user=user), reason, actor=actor, target=target_of(user))


def end_others(session: Session, reason: str, *, actor: Actor) -> int:
    """End every living session of a session's person but this one; return how many there were."""
    others = Q(user=session.user_id) & ~Q(pk=session.pk)
    return _end_living(others, reason, actor=actor, target=target_of(session.user))


def _end_living(
    which: Q, reason: str, *, actor: Actor, target: Target | None = None, **details: str
) -> int:
    """End the living sessions that ``which`` selects, with one record of how many.

    They are locked in the order of their ids, so that two who end the same ones never wait for
    each other.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Session.objects.filter(which, alive(now)).order_by("id")
        ids = list(rows.select_for_update().values_list("id", flat=True))
        Session.objects.filter(id__in=ids).update(ended_at=now, end_reason=reason)
        record(
            "sessions.ended", actor=actor, target=target, reason=reason, **details, count=len(ids)
        )
    return len(ids)
