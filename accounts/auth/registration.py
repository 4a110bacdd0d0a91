"""Verifying that an address is somebody's, and registrations that wait for that."""

import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actors import user_actor, user_target
from accounts.email.outbox import enqueue_email, enqueue_verification_email
from accounts.email_tokens import consume_email_token, get_email_token
from accounts.encryption import DecryptionError, decrypt, encrypt
from accounts.invitations.acceptance import (
    RegistrationGrant,
    check_registration,
    check_stored_grant,
    consume_invitation,
    stored_grant,
)
from accounts.models import MailLink, User
from accounts.passwords.validation import hash_new_password, validate_new_password
from accounts.problems import LinkInvalid
from accounts.tenant_policy import current_policy
from accounts.users.creation import insert_user, validate_user
from audit.services import record
from core.problems import FieldError, ValidationFailed
from core.text.email_addresses import canonical_address

ENCRYPTION_PURPOSE = "registration"
PURPOSES = (MailLink.Purpose.VERIFY, MailLink.Purpose.JOIN)


def resend_verification(user: User) -> None:
    """Mail the link once more, unless the address is verified."""
    if user.email_verified_at is None:
        with transaction.atomic():
            enqueue_verification_email(user)


def mark_email_verified(user: User) -> None:
    """Note that a locked person has shown that the address is theirs; once is enough."""
    if user.email_verified_at is None:
        user.email_verified_at = timezone.now()
        user.save(update_fields=["email_verified_at", "updated_at"])
        record("email.verified", actor=user_actor(user), target=user_target(user))


def verify_email(*, token: str, password: str | None = None) -> User:
    """Do what a link of ours in a mailbox stands for: verify an address, or end a registration.

    Whoever ends a registration chooses the password, which is hashed before anything is locked.
    Raises LinkInvalid; for a registration also RegistrationClosed and EmailTaken, if that is so by
    now, and ValidationFailed; the link is then as good as before.
    """
    seen = get_email_token(token, *PURPOSES)
    joining = None if seen.user else _prepare_pending_registration(seen, password)
    with transaction.atomic():
        link = consume_email_token(token, *PURPOSES)
        user = _complete_pending_registration(*joining) if joining else _token_user(link)
        mark_email_verified(user)
    return user


def completes_registration(token: str) -> bool:
    """Tell whether a good link's token makes somebody a member, who then chooses a password."""
    try:
        return get_email_token(token, *PURPOSES).user is None
    except LinkInvalid:
        return False


def requires_email_confirmation(*, email: str, invitation: str) -> bool:
    """Tell whether who registers here must show first that the address is theirs.

    An invitation that was mailed to it shows that; one that is handed on does not. Raises
    RegistrationClosed.
    """
    if current_policy().email_verification != "required":
        return False
    return check_registration(canonical_address(email), invitation).verified_at is None


def request_registration(
    *, email: str, password: str, first_name: str, last_name: str, invitation: str = ""
) -> None:
    """Take a registration that only a link in the mailbox of its address makes one.

    The same work for an address that somebody has: they are mailed that they have an account. The
    password must keep the rules and is not kept: whoever asks need not be who reads the mail.
    Raises RegistrationClosed and ValidationFailed.
    """
    address = canonical_address(email)
    admission = check_registration(address, invitation)
    user = User(email=address, first_name=first_name, last_name=last_name)
    validate_user(user)
    validate_new_password(password, user)
    person = {
        "first_name": first_name,
        "last_name": last_name,
        "invitation": stored_grant(admission),
    }
    with transaction.atomic():
        enqueue_email(
            "registration", to=user.email, person=encrypt(ENCRYPTION_PURPOSE, json.dumps(person))
        )


def _prepare_pending_registration(
    link: MailLink, password: str | None
) -> tuple[User, RegistrationGrant]:
    try:
        person: dict[str, Any] = json.loads(decrypt(ENCRYPTION_PURPOSE, link.data["person"]))
    except DecryptionError as exc:  # the pepper was rotated away
        raise LinkInvalid from exc
    admission = check_stored_grant(person["invitation"])
    names = {name: person[name] for name in ("first_name", "last_name")}
    user = User(email=canonical_address(link.email), role=admission.role, **names)
    if not password:
        rule = "Choose the password to log in with."
        raise ValidationFailed(errors=[FieldError("password", "required", rule)])
    user.password = hash_new_password(password, user)
    return user, admission


def _complete_pending_registration(user: User, admission: RegistrationGrant) -> User:
    consume_invitation(admission, actor=user_actor(user))
    insert_user(user)
    record("user.registered", actor=user_actor(user), target=user_target(user), role=user.role)
    return user


def _token_user(link: MailLink) -> User:
    if link.user is None:
        raise LinkInvalid
    return link.user
