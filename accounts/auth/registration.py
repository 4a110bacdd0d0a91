"""Verifying that an address is somebody's, and registrations that wait for that."""

import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actors import actor_of, target_of
from accounts.email.outbox import ask_to_verify, post_letter
from accounts.email_tokens import look_at, redeem
from accounts.encryption import Unreadable, seal, unseal
from accounts.invitations.acceptance import Admission, admission_kept, admission_of, kept_as, use_up
from accounts.models import MailLink, User
from accounts.passwords.validation import checked_password, require_good
from accounts.problems import LinkInvalid
from accounts.tenant_policy import policy
from accounts.users.creation import add_user, require_sound
from audit.services import record
from core.problems import FieldError, ValidationFailed
from core.text.email_addresses import canonical_address

SEAL = "registration"
PURPOSES = (MailLink.Purpose.VERIFY, MailLink.Purpose.JOIN)


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


def verify_email(*, token: str, password: str | None = None) -> User:
    """Do what a link of ours in a mailbox stands for: verify an address, or end a registration.

    Whoever ends a registration chooses the password, which is hashed before anything is locked.
    Raises LinkInvalid; for a registration also RegistrationClosed and EmailTaken, if that is so by
    now, and ValidationFailed; the link is then as good as before.
    """
    seen = look_at(token, *PURPOSES)
    joining = None if seen.user else _joining(seen, password)
    with transaction.atomic():
        link = redeem(token, *PURPOSES)
        user = _join(*joining) if joining else _person_of(link)
        mark_verified(user)
    return user


def ends_a_registration(token: str) -> bool:
    """Tell whether a good link's token makes somebody a member, who then chooses a password."""
    try:
        return look_at(token, *PURPOSES).user is None
    except LinkInvalid:
        return False


def confirms_first(*, email: str, invitation: str) -> bool:
    """Tell whether who registers here must show first that the address is theirs.

    An invitation that was mailed to it shows that; one that is handed on does not. Raises
    RegistrationClosed.
    """
    if policy().email_verification != "required":
        return False
    return admission_of(canonical_address(email), invitation).verified_at is None


def ask_to_join(
    *, email: str, password: str, first_name: str, last_name: str, invitation: str = ""
) -> None:
    """Take a registration that only a link in the mailbox of its address makes one.

    The same work for an address that somebody has: they are mailed that they have an account. The
    password must keep the rules and is not kept: whoever asks need not be who reads the mail.
    Raises RegistrationClosed and ValidationFailed.
    """
    address = canonical_address(email)
    admission = admission_of(address, invitation)
    user = User(email=address, first_name=first_name, last_name=last_name)
    require_sound(user)
    require_good(password, user)
    person = {
        "first_name": first_name,
        "last_name": last_name,
        "invitation": kept_as(admission),
    }
    with transaction.atomic():
        post_letter("registration", to=user.email, person=seal(SEAL, json.dumps(person)))


def _joining(link: MailLink, password: str | None) -> tuple[User, Admission]:
    try:
        person: dict[str, Any] = json.loads(unseal(SEAL, link.data["person"]))
    except Unreadable as exc:  # the pepper was rotated away
        raise LinkInvalid from exc
    admission = admission_kept(person["invitation"])
    names = {name: person[name] for name in ("first_name", "last_name")}
    user = User(email=canonical_address(link.email), role=admission.role, **names)
    if not password:
        rule = "Choose the password to log in with."
        raise ValidationFailed(errors=[FieldError("password", "required", rule)])
    user.password = checked_password(password, user)
    return user, admission


def _join(user: User, admission: Admission) -> User:
    use_up(admission, actor=actor_of(user))
    add_user(user)
    record("user.registered", actor=actor_of(user), target=target_of(user), role=user.role)
    return user


def _person_of(link: MailLink) -> User:
    if link.user is None:
        raise LinkInvalid
    return link.user
