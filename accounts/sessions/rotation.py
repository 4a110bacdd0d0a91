"""Rotation of refresh tokens: each is used once, and reuse of an old one ends the session."""

import hmac
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.authentication import require_active
from accounts.models import Session
from accounts.problems import TokenInvalid, TokenReused
from accounts.sessions.expiry import refresh_expiry
from accounts.sessions.services import NewSession, end_session
from accounts.sessions.tokens import (
    hash_token,
    refresh_token,
    stored_refresh_token,
    verify_refresh_token,
)
from accounts.users.queries import user_actor
from core.request_context import request_context


def session_of_refresh_token(token: str) -> Session:
    """Return the session of a correctly signed refresh token, active or ended.

    That is enough to log out, which only takes access away.

    Raises: TokenInvalid, TokenExpired.
    """
    rows = Session.objects.select_related("user")
    session = rows.filter(id=verify_refresh_token(token)).first()
    if session is None:
        raise TokenInvalid
    return session


def rotate_refresh_token(
    token: str, *, grace: timedelta | None = None, advance: bool = True
) -> NewSession:
    """Exchange a refresh token for the next one; without ``advance`` only check that it could be.

    For ``grace`` (REFRESH_REUSE_GRACE, 30 seconds) after a rotation the previous token gets the
    current token again, so that browser tabs that refresh at the same time all continue. Any other
    used token ends the session. That is committed although the answer is an error, and so is the
    end of an expired session. Rule: RFC 9700 section 4.14.2 (refresh token rotation with reuse
    detection).

    Raises: TokenInvalid (with the cause as ``reason`` for an ended session), TokenExpired,
    TokenReused.
    """
    session_id = verify_refresh_token(token)
    with transaction.atomic():
        session = _lock_session(session_id)
        now = timezone.now()
        kind = _classify(session, token, now, grace or settings.REFRESH_REUSE_GRACE)
        problem = _inactive_problem(session, now) or _detect_reuse(session, kind)
        if problem is None and kind == "current" and advance:
            _advance(session, now)
    if problem is not None:
        raise problem
    return NewSession(session, session.user, stored_refresh_token(session))


def _lock_session(session_id: uuid.UUID) -> Session:
    rows = Session.objects.select_for_update(of=("self",)).select_related("user")
    session = rows.filter(id=session_id).first()
    if session is None:
        raise TokenInvalid
    return session


def _inactive_problem(session: Session, now: datetime) -> TokenInvalid | None:
    try:
        require_active(session, now)
    except TokenInvalid as problem:
        return problem
    return None


def _detect_reuse(session: Session, kind: str) -> TokenReused | None:
    if kind != "used":
        return None
    end_session(session, Session.End.REUSE, actor=user_actor(session.user))
    return TokenReused(members={"reason": Session.End.REUSE.value})


def _classify(session: Session, token: str, now: datetime, grace: timedelta) -> str:
    hashed = hash_token(token)
    if hmac.compare_digest(bytes(session.token_hash), hashed):
        return "current"
    is_parent = hmac.compare_digest(bytes(session.parent_hash), hashed)
    # ``rotated_at`` is the first use of the parent; another use does not change it.
    fresh = now - session.rotated_at <= grace
    return "parent" if is_parent and fresh else "used"


def _advance(session: Session, now: datetime) -> None:
    context = request_context()
    session.parent_hash = session.token_hash
    session.generation += 1
    session.rotated_at = session.last_used_at = now
    session.expires_at = refresh_expiry(session.created_at, now)
    session.ip, session.user_agent = context.client_address or None, context.user_agent
    session.token_hash = hash_token(refresh_token(session))
    session.save(
        update_fields=[
            *("parent_hash", "token_hash", "generation", "rotated_at"),
            *("last_used_at", "expires_at", "ip", "user_agent"),
        ]
    )
