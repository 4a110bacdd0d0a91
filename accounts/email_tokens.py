"""Single-use tokens in links that are mailed. Only the hash is stored.

A token is a row of its tenant's schema, so another tenant does not know it. It becomes invalid when
the user changes the address or the password, or is deactivated or removed. Rules: OWASP Forgot
Password Cheat Sheet (random, single use, expiring, stored securely).
"""

import secrets
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import MailLink, User
from accounts.problems import LinkInvalid
from accounts.retention import prune
from accounts.sessions.tokens import hash_token

TOKEN_BYTES = 32


def create_email_token(
    purpose: str,
    *,
    email: str,
    lifetime: timedelta,
    user: User | None = None,
    data: dict[str, Any] | None = None,
) -> str:
    """Create a token and return it. It is not stored. Call inside a transaction."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = timezone.now()
    MailLink.objects.create(
        purpose=purpose,
        hash=hash_token(token),
        email=email,
        user=user,
        data=data or {},
        expires_at=now + lifetime,
    )
    prune("links", now)
    return token


def renew_email_token(link_id: str, *purposes: str) -> tuple[MailLink, str] | None:
    """Replace the token of an unused row and return both; None if the row is not valid any more.

    Call inside a transaction.
    """
    found = MailLink.objects.select_related("user").select_for_update(of=("self",))
    try:
        link = _require_valid(found.filter(pk=link_id, purpose__in=purposes).first())
    except LinkInvalid:
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link.hash = hash_token(token)
    link.save(update_fields=["hash"])
    return link, token


def get_email_token(token: str, *purposes: str) -> MailLink:
    """Return the row of a valid token without changing it. Raises: LinkInvalid."""
    found = MailLink.objects.select_related("user").filter(
        hash=hash_token(token), purpose__in=purposes
    )
    return _require_valid(found.first())


def consume_email_token(token: str, *purposes: str) -> MailLink:
    """Mark a token as used and return its row with the user locked.

    Call inside the transaction that does what the link is for. If that fails, the token stays
    valid. Of several concurrent calls one succeeds. The user is locked first, as in all other
    transactions.

    Raises: LinkInvalid.
    """
    seen = get_email_token(token, *purposes)
    user = seen.user_id and User.objects.select_for_update().filter(pk=seen.user_id).first()
    link = _require_valid(
        MailLink.objects.select_for_update().filter(pk=seen.pk).first(), user or None
    )
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    return link


def revoke_email_tokens(user: User) -> int:
    """Revoke all tokens of a user and return how many were unused."""
    return MailLink.objects.filter(user=user, used_at=None).update(used_at=timezone.now())


def _require_valid(link: MailLink | None, user: User | None = None) -> MailLink:
    if link is None or link.used_at is not None or link.expires_at <= timezone.now():
        raise LinkInvalid
    if link.user_id is not None:
        link.user = user or link.user
        if link.user is None or not _belongs_to(link, link.user):
            raise LinkInvalid
    return link


def _belongs_to(link: MailLink, user: User) -> bool:
    # The address that the token was created for: of a change, the one to be replaced.
    address = link.data.get("from", link.email)
    return user.is_active and user.removed_at is None and user.email == address
