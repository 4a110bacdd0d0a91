"""Links that are mailed: a random token, of which the hash is kept; good once, for one address.

A link is a row of its tenant's schema, so another tenant does not know it. It is void when the
person has another address since, is inactive or was removed, or has changed the password.
Rules: OWASP Forgot Password Cheat Sheet (random, single use, expiring, stored safely).
"""

import secrets
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import MailLink, User
from accounts.problems import LinkInvalid
from accounts.retention import prune_rows
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
    """Make a link and return its token, which is stored nowhere. Call inside a transaction."""
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
    prune_rows("links", now)
    return token


def get_email_token(token: str, *purposes: str) -> MailLink:
    """Return the living link of this token, changing nothing. Raises LinkInvalid."""
    found = MailLink.objects.select_related("user").filter(
        hash=hash_token(token), purpose__in=purposes
    )
    return _require_valid(found.first())


def consume_email_token(token: str, *purposes: str) -> MailLink:
    """Use a link up and return it with its person locked. Raises LinkInvalid.

    Call inside the transaction that does what the link is for: if that fails, the link is as good
    as before. Of several at once one gets it. The person is locked first, as everywhere else.
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
    """Make every link that was mailed to a person worthless; return how many were good."""
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
    return user.is_active and user.removed_at is None and user.email == link.email
