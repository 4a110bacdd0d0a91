"""Registration of users in an existing tenant, and verification of their e-mail addresses.

If the tenant requires verified addresses, a registration first sends a link. The link creates the
user. Otherwise ``register`` creates the user at once and the link only verifies the address.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

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
from accounts.permissions import current_policy
from accounts.problems import LinkInvalid
from accounts.sessions.services import NewSession, open_session
from accounts.users.creation import build_user, insert_user, validate_user
from accounts.users.queries import user_actor, user_target
from audit.services import record
from core.problems import FieldError, ValidationFailed
from core.text.email_addresses import canonical_address

ENCRYPTION_PURPOSE = "registration"
PURPOSES = (MailLink.Purpose.VERIFY, MailLink.Purpose.JOIN)


def register(**fields: str) -> NewSession:
    """Create a user and log in. See ``prepare_registration``."""
    return prepare_registration(**fields)()


def prepare_registration(
    *, email: str, password: str, first_name: str, last_name: str, invitation: str = ""
) -> Callable[[], NewSession]:
    """Return a callable that creates the user, with the role of the invitation if there is one.

    The password is hashed before, so that no lock is held during the hashing.

    Raises: ValidationFailed, RegistrationClosed. The returned callable also raises EmailTaken.
    """
    grant = check_registration(canonical_address(email), invitation)
    user = build_user(
        email=email, password=password, role=grant.role, first_name=first_name, last_name=last_name
    )
    user.email_verified_at = grant.verified_at
    return partial(_complete_registration, user, grant)


def _complete_registration(user: User, grant: RegistrationGrant) -> NewSession:
    with transaction.atomic():
        _insert_registered_user(user, grant)
        if user.email_verified_at is None:
            enqueue_verification_email(user)
        return open_session(user)


def _insert_registered_user(user: User, grant: RegistrationGrant) -> None:
    consume_invitation(grant, actor=user_actor(user))
    insert_user(user)
    record("user.registered", actor=user_actor(user), target=user_target(user), role=user.role)


def requires_email_confirmation(*, email: str, invitation: str) -> bool:
    """Return whether a registration must first confirm its address by a link.

    An invitation that was mailed to the address confirms it. A link that is passed on does not.

    Raises: RegistrationClosed.
    """
    if current_policy().email_verification != "required":
        return False
    return check_registration(canonical_address(email), invitation).verified_at is None


def request_registration(
    *, email: str, password: str, first_name: str, last_name: str, invitation: str = ""
) -> None:
    """Send the link that completes a registration. Until then no user is created.

    The work is the same for an address that is in use: its user is told about the account. The
    password must be valid and is not stored, because the sender of the request need not be the
    reader of the e-mail.

    Raises: RegistrationClosed, ValidationFailed.
    """
    address = canonical_address(email)
    grant = check_registration(address, invitation)
    user = User(email=address, first_name=first_name, last_name=last_name)
    validate_user(user)
    validate_new_password(password, user)
    pending = {
        "first_name": first_name,
        "last_name": last_name,
        "invitation": stored_grant(grant),
    }
    encrypted = encrypt(ENCRYPTION_PURPOSE, json.dumps(pending))
    with transaction.atomic():
        enqueue_email("registration", to=user.email, person=encrypted)


def resend_verification(user: User) -> None:
    """Send the verification link again, unless the address is verified."""
    if user.email_verified_at is None:
        with transaction.atomic():
            enqueue_verification_email(user)


def verify_email(*, token: str, password: str | None = None) -> User:
    """Verify an address, or complete a registration, with a mailed token.

    A registration needs the password, which is hashed before any lock. After an error the token
    stays valid.

    Raises: LinkInvalid; for a registration also RegistrationClosed, EmailTaken, ValidationFailed.
    """
    complete = _prepare_verification(token, password)
    with transaction.atomic():
        return complete()


def confirm_registration(*, token: str, password: str) -> NewSession:
    """Complete a registration with a mailed token, and log in. Raises: as ``verify_email``.

    A link that verifies the address of an existing user is no log-in: it raises LinkInvalid.
    """
    complete = _prepare_verification(token, password)
    with transaction.atomic():
        if not completes_registration(token):
            raise LinkInvalid
        return open_session(complete())


def completes_registration(token: str) -> bool:
    """Return whether a valid token completes a registration, which needs a password."""
    try:
        return get_email_token(token, *PURPOSES).user is None
    except LinkInvalid:
        return False


def mark_email_verified(user: User) -> None:
    """Mark the address of a locked user as verified, once."""
    if user.email_verified_at is None:
        user.email_verified_at = timezone.now()
        user.save(update_fields=["email_verified_at", "updated_at"])
        record("email.verified", actor=user_actor(user), target=user_target(user))


def _prepare_verification(token: str, password: str | None) -> Callable[[], User]:
    """Return a callable that consumes the token in a transaction. The password is hashed before."""
    link = get_email_token(token, *PURPOSES)
    pending = None if link.user else _prepare_pending_registration(link, password)
    return partial(_complete_verification, token, pending)


def _complete_verification(token: str, pending: tuple[User, RegistrationGrant] | None) -> User:
    link = consume_email_token(token, *PURPOSES)
    if pending:
        user, grant = pending
        _insert_registered_user(user, grant)
    else:
        user = _token_user(link)
    mark_email_verified(user)
    return user


def _prepare_pending_registration(
    link: MailLink, password: str | None
) -> tuple[User, RegistrationGrant]:
    try:
        pending: dict[str, Any] = json.loads(decrypt(ENCRYPTION_PURPOSE, link.data["person"]))
    except DecryptionError as exc:  # its pepper was removed by a rotation
        raise LinkInvalid from exc
    grant = check_stored_grant(pending["invitation"])
    names = {name: pending[name] for name in ("first_name", "last_name")}
    user = User(email=canonical_address(link.email), role=grant.role, **names)
    if not password:
        message = "Choose the password to log in with."
        raise ValidationFailed(errors=[FieldError("password", "required", message)])
    user.password = hash_new_password(password, user)
    return user, grant


def _token_user(link: MailLink) -> User:
    if link.user is None:
        raise LinkInvalid
    return link.user
