"""Tokens for the staff API: opaque, random, bound to no tenant, stored as a hash.

``ags_``, 32 random bytes in hexadecimal, and their CRC-32 (core/crypto/token_format.py).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from audit.services import Actor, Target, record
from core.crypto.token_format import format_token, parse_token
from core.db_backend.queries import delete_batch
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import InvalidCredentials, TokenExpired, TokenInvalid
from core.request_context import request_context
from staff.actors import target_of
from staff.models import StaffToken, StaffUser

PREFIX = "ags_"
DIGITS = 64
# Storing the time of every use would cost a statement each.
LAST_USED_INTERVAL = timedelta(minutes=1)
RETENTION_AFTER_EXPIRY = timedelta(days=30)
PRUNE_BATCH_SIZE = 20


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token: its row, and its text, which is shown once."""

    row: StaffToken
    text: str


def issue_token(
    staff: StaffUser, *, lifetime: timedelta, actor: Actor, name: str = ""
) -> IssuedToken:
    """Issue a token for a staff user that was read before.

    Raises: InvalidCredentials if the user was deactivated, or if password or second factor changed
    since. Such a change revokes all tokens, and must prevent this one as well.
    """
    text = format_token(PREFIX, secrets.token_hex(DIGITS // 2))
    context, now = request_context(), timezone.now()
    row = StaffToken(
        staff=staff,
        hash=_hash_of(text),
        name=name,
        expires_at=now + lifetime,
        ip=context.client_address or None,
        user_agent=context.user_agent,
    )
    with use_scope(PUBLIC), transaction.atomic():
        unchanged = StaffUser.objects.filter(
            password=staff.password, second_factor_at=staff.second_factor_at, is_active=True
        )
        if not unchanged.select_for_update().filter(pk=staff.pk).exists():
            raise InvalidCredentials
        row.save(force_insert=True)
        expires = row.expires_at.isoformat()
        record("staff.token_issued", actor=actor, target=_target(row), name=name, expires=expires)
        _prune()
    return IssuedToken(row, text)


def authenticate_token(text: str) -> StaffToken:
    """Return a valid token with its user loaded. Raises: TokenInvalid, TokenExpired."""
    if not parse_token(text, PREFIX, length=DIGITS):
        raise TokenInvalid
    now = timezone.now()
    with use_scope(PUBLIC):
        row = StaffToken.objects.select_related("staff").filter(hash=_hash_of(text)).first()
        if row is None or row.revoked_at is not None or not row.staff.is_active:
            raise TokenInvalid
        if row.expires_at <= now:
            raise TokenExpired
        if row.last_used_at is None or now - row.last_used_at >= LAST_USED_INTERVAL:
            StaffToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def revoke_token(token: StaffToken, *, actor: Actor) -> None:
    """Revoke a token; repeating it changes nothing."""
    with use_scope(PUBLIC), transaction.atomic():
        active = StaffToken.objects.filter(pk=token.pk, revoked_at__isnull=True)
        if active.update(revoked_at=timezone.now()):
            record("staff.token_revoked", actor=actor, target=_target(token), name=token.name)


def _target(row: StaffToken) -> Target:
    return Target("staff_token", str(row.pk), target_of(row.staff).label)


def _hash_of(text: str) -> bytes:
    """Return the stored hash. The token has enough entropy for a fast hash."""
    return hashlib.sha256(text.encode()).digest()


def _prune() -> None:
    """Delete a few old tokens with each new one, so that no cron job is needed."""
    expired = StaffToken.objects.filter(expires_at__lt=timezone.now() - RETENTION_AFTER_EXPIRY)
    delete_batch(expired, PRUNE_BATCH_SIZE)
