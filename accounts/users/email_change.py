"""Change of the own e-mail address, confirmed with a token that is mailed to the new one.

The request creates the row of the token, so everything that revokes a user's e-mail tokens revokes
it too: a new password, another address, a deactivation, a removal. The token itself is created when
the e-mail is sent. The former address is told at the request and again after the change (OWASP ASVS
5.0, 6.3.7). Neither the answer nor its time tells whether another user has the address.
"""

import secrets
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.email.outbox import VERIFIED_RECIPIENT_KEY, enqueue_email
from accounts.email_tokens import consume_email_token, revoke_email_tokens
from accounts.models import MailLink, User
from accounts.problems import LinkInvalid, TokenInvalid
from accounts.retention import prune
from accounts.users.creation import validate_user
from accounts.users.queries import lock_user, user_actor, user_target
from accounts.users.services import save_user
from audit.services import record
from core.problems import FieldError, ValidationFailed
from core.text.email_addresses import canonical_address

PURPOSE = MailLink.Purpose.CHANGE
SAME_ADDRESS = "This is your address already."


def request_email_change(by: User, *, email: str) -> None:
    """Mail a link to the new address, and tell the present one. A former request is replaced.

    Raises: ValidationFailed; TokenInvalid for a user who is inactive or removed by now.
    """
    address = canonical_address(email)
    validate_user(User(email=address))  # refuses an address that no user could have
    with transaction.atomic():
        user = lock_user(by.pk)
        if user is None or not user.is_active:
            raise TokenInvalid
        if user.email.lower() == address:
            raise ValidationFailed(errors=[FieldError("email", "same", SAME_ADDRESS)])
        link = _replace_pending(user, address)
        enqueue_email("email_change", to=address, user=str(user.pk), link=str(link.pk))
        enqueue_email("email_change_notice", to=user.email, user=str(user.pk))
        record("user.address_change_requested", actor=user_actor(user), target=user_target(user))


def _replace_pending(user: User, address: str) -> MailLink:
    now = timezone.now()
    MailLink.objects.filter(user=user, purpose=PURPOSE, used_at=None).update(used_at=now)
    prune("links", now)
    return MailLink.objects.create(
        purpose=PURPOSE,
        # A hash that no known token has, until the e-mail is sent.
        hash=secrets.token_bytes(32),
        email=address,
        user=user,
        data={"from": user.email},
        expires_at=now + settings.EMAIL_CHANGE_LIFETIME,
    )


def confirm_email_change(*, token: str) -> User:
    """Give the token's user the new address, which the token has verified. Sessions go on.

    After an error the token stays valid. Of several concurrent calls one succeeds.

    Raises: LinkInvalid; EmailTaken if another user has the address by now.
    """
    with transaction.atomic():
        link = consume_email_token(token, PURPOSE)
        user = link.user
        if user is None:
            raise LinkInvalid
        former, was_verified = user.email, user.email_verified_at is not None
        target = user_target(user)
        user.email, user.email_verified_at = link.email, timezone.now()
        save_user(user, ["email", "email_verified_at", "updated_at"])
        revoke_email_tokens(user)
        verified: dict[str, Any] = {VERIFIED_RECIPIENT_KEY: True} if was_verified else {}
        enqueue_email("address_changed", to=former, user=str(user.pk), **verified)
        record("user.address_changed", actor=user_actor(user), target=target, confirmed=True)
    return user
