"""Verifying that an address is somebody's, and registrations that wait for that."""

import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.links import redeem
from accounts.mail.outbox import ask_to_verify, post_letter
from accounts.models import MailLink, User
from accounts.passwords.rules import checked_password
from accounts.policy import policy
from accounts.problems import LinkInvalid, RegistrationClosed
from accounts.sealing import Unreadable, seal, unseal
from accounts.services import add_user, normalised_email, require_sound, target_of
from accounts.sessions.services import actor_of
from audit.services import record
from tenants.context import current_tenant
from tenants.models import Tenant

SEAL = "registration"


def verify_again(user: User) -> None:
    """Mail the link once more, unless the address is verified."""
    if user.email_verified_at is None:
        with transaction.atomic():
            ask_to_verify(user)


def mark_verified(user: User) -> None:
    """Note that a locked person has shown that the address is theirs; once is enough."""
    if user.email_verified_at is None:
        user.email_verified_at = timezone.now()
        user.save(update_fields=["email_verified_at", "updated_at"])
        record("email.verified", actor=actor_of(user), target=target_of(user))


def verify_email(*, token: str) -> User:
    """Do what a link of ours in a mailbox stands for: verify an address, or end a registration.

    Raises LinkInvalid; for a registration also RegistrationClosed and EmailTaken, if that is so by
    now.
    """
    with transaction.atomic():
        link = redeem(token, MailLink.Purpose.VERIFY, MailLink.Purpose.JOIN)
        user = link.user or _join(link)
        mark_verified(user)
    return user


def confirms_first() -> bool:
    """Tell whether who registers here must show first that the address is theirs."""
    return policy().email_verification == "required"


def ask_to_join(*, email: str, password: str, first_name: str, last_name: str) -> None:
    """Take a registration that only a link in the mailbox of its address makes one.

    The same work for an address that somebody has: they are mailed that they have an account.
    Raises RegistrationClosed and ValidationFailed.
    """
    _require_open()
    user = User(email=normalised_email(email), first_name=first_name, last_name=last_name)
    require_sound(user)
    hashed = checked_password(password, user)
    person = {"first_name": first_name, "last_name": last_name, "password": hashed}
    with transaction.atomic():
        post_letter("registration", to=user.email, person=seal(SEAL, json.dumps(person)))


def _join(link: MailLink) -> User:
    _require_open()
    try:
        person: dict[str, Any] = json.loads(unseal(SEAL, link.data["person"]))
    except Unreadable as exc:  # the pepper was rotated away, and the password's hash with it
        raise LinkInvalid from exc
    user = add_user(User(email=link.email, **person))
    record("user.registered", actor=actor_of(user), target=target_of(user))
    return user


def _require_open() -> None:
    if current_tenant().registration != Tenant.Registration.OPEN:
        raise RegistrationClosed
