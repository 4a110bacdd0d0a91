"""Exchanging refresh tokens: each is good once, and a used one that comes back ends the session."""

import hmac
import uuid
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actors import actor_of
from accounts.models import Session
from accounts.problems import TokenInvalid, TokenReused
from accounts.sessions.expiry import end_of_life
from accounts.sessions.services import Opened, end, require_alive
from accounts.sessions.tokens import hash_of, kept_refresh_token, read_refresh_token, refresh_token
from core.request_context import request_context


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
    that is committed although the answer is an error, and so is the end of one that ran out.
    Raises TokenInvalid (with the cause as ``reason`` if the session has ended), TokenExpired,
    TokenReused. Rule: RFC 9700 section 4.14.2 (refresh token rotation with reuse detection).
    """
    session_id = read_refresh_token(token)
    with transaction.atomic():
        session = _locked(session_id)
        now = timezone.now()
        refused = _refused(session, now) or _rotated(session, token, now)
    if refused is not None:
        raise refused
    return Opened(session, session.user, kept_refresh_token(session))


def _locked(session_id: uuid.UUID) -> Session:
    rows = Session.objects.select_for_update(of=("self",)).select_related("user")
    session = rows.filter(id=session_id).first()
    if session is None:
        raise TokenInvalid
    return session


def _refused(session: Session, now: datetime) -> TokenInvalid | None:
    try:
        require_alive(session, now)
    except TokenInvalid as problem:
        return problem
    return None


def _rotated(session: Session, token: str, now: datetime) -> TokenReused | None:
    kind = _kind_of(session, token, now)
    if kind == "current":
        _advance(session, now)
    elif kind == "used":
        end(session, Session.End.REUSE, actor=actor_of(session.user))
        return TokenReused(members={"reason": Session.End.REUSE.value})
    return None


def _kind_of(session: Session, token: str, now: datetime) -> str:
    hashed = hash_of(token)
    if hmac.compare_digest(bytes(session.token_hash), hashed):
        return "current"
    is_parent = hmac.compare_digest(bytes(session.parent_hash), hashed)
    # ``rotated_at`` is when the parent was first used; who uses it again does not move it.
    fresh = now - session.rotated_at <= settings.REFRESH_REUSE_GRACE
    return "parent" if is_parent and fresh else "used"


def _advance(session: Session, now: datetime) -> None:
    context = request_context()
    session.parent_hash = session.token_hash
    session.generation += 1
    session.rotated_at = session.last_used_at = now
    session.expires_at = end_of_life(session.created_at, now)
    session.ip, session.user_agent = context.client_address or None, context.user_agent
    session.token_hash = hash_of(refresh_token(session))
    session.save(
        update_fields=[
            *("parent_hash", "token_hash", "generation", "rotated_at"),
            *("last_used_at", "expires_at", "ip", "user_agent"),
        ]
    )
