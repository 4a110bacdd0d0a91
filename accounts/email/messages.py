"""Whom a letter is for, looked at while it is sent."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.hashers import is_password_usable
from django.utils import timezone
from django.utils.translation import gettext

from accounts.email.rendering import EmailContent, human_duration, tenant_link
from accounts.email_tokens import create_email_token
from accounts.invitations.queries import PENDING, invitation_state, lock_invitation
from accounts.invitations.services import renew_invitation_token
from accounts.models import Invitation, Letter, MailLink, User
from accounts.users.queries import find_user_by_email, find_user_by_typed_email
from core.problems import NotFound

MessageBuilder = Callable[[Letter], EmailContent | None]


def find_active_user(email: str) -> User | None:
    """Return the active person with this address, which has no capitals, or None."""
    found = find_user_by_email(email)
    return found if found is not None and found.is_active else None


def recipient_user(letter: Letter) -> User | None:
    """Return the active person whose id the letter's data give as ``user``.

    None if they have another address by now: a letter goes to whom it was meant for.
    """
    user = find_active_user(letter.recipient)
    return user if user is not None and str(user.id) == letter.data.get("user") else None


# What somebody is told who is asked in, or registers, and has an account already.
def build_account_exists(letter: Letter) -> EmailContent | None:
    """Tell the person of this address that they have an account; nobody who is inactive."""
    if find_active_user(letter.recipient) is None:
        return None
    subject = gettext("You have an account at %(workspace)s")
    return EmailContent(subject, {"known": True, "site": tenant_link("/")})


# Letters about an address: the link that verifies it, and the one that ends a registration.
def build_verify_email(letter: Letter) -> EmailContent | None:
    """Bring a person a link that verifies their address, unless it is verified."""
    user = recipient_user(letter)
    if user is None or user.email_verified_at is not None:
        return None
    token = create_email_token(
        MailLink.Purpose.VERIFY, email=user.email, lifetime=settings.VERIFY_LINK_LIFETIME, user=user
    )
    subject = gettext("Verify your e-mail address for %(workspace)s")
    return _link_content(subject, token)


def build_registration(letter: Letter) -> EmailContent | None:
    """Bring somebody new the link that makes them a member; tell a member that they are one."""
    if find_user_by_email(letter.recipient) is not None:
        return build_account_exists(letter)
    token = create_email_token(
        MailLink.Purpose.JOIN,
        email=letter.recipient,
        lifetime=settings.VERIFY_LINK_LIFETIME,
        data={"person": letter.data["person"]},
    )
    return _link_content(gettext("Confirm your registration at %(workspace)s"), token)


def _link_content(subject: str, token: str) -> EmailContent:
    good_for = human_duration(settings.VERIFY_LINK_LIFETIME)
    return EmailContent(
        subject, {"link": tenant_link("/email/verify", token=token), "good_for": good_for}
    )


# The letter that asks somebody in. Its token is made here, so nothing that is stored holds it.
#
# It does not name who invites: anybody can open a workspace under an address that is not theirs
# and have us write to strangers in that name.
def build_invitation(letter: Letter) -> EmailContent | None:
    """Bring somebody the link by which they join; tell a member that they are one already.

    Nobody gets a mail for an invitation that has been used, revoked, replaced or has expired.
    """
    found = _pending_invitation(letter)
    if found is None:
        return None
    if find_user_by_email(letter.recipient) is not None:
        return build_account_exists(letter)
    subject = gettext("Join %(workspace)s")
    link = tenant_link("/join", token=renew_invitation_token(found))
    return EmailContent(
        subject, {"link": link, "good_for": human_duration(found.expires_at - timezone.now())}
    )


def _pending_invitation(letter: Letter) -> Invitation | None:
    try:
        found = lock_invitation(letter.data["invitation"])
    except NotFound:
        return None
    return found if invitation_state(found) == PENDING else None


# Letters about what others did with somebody's account, and about who owns the workspace.
def build_account_created(letter: Letter) -> EmailContent | None:
    """Bring somebody who was given an account a link to set a password, unless they have one."""
    user = recipient_user(letter)
    if user is None or is_password_usable(user.password):
        return None
    # As long as for a new address: nobody waits for this one at their mailbox.
    lifetime = settings.VERIFY_LINK_LIFETIME
    token = create_email_token(
        MailLink.Purpose.RESET, email=user.email, lifetime=lifetime, user=user
    )
    context = {
        "link": tenant_link("/password/reset", token=token),
        "good_for": human_duration(lifetime),
    }
    subject = gettext("Your account at %(workspace)s")
    return EmailContent(subject, context)


def build_address_changed(letter: Letter) -> EmailContent:
    """Tell the former address of an account that it is that no longer."""
    return EmailContent(
        gettext("Your e-mail address for %(workspace)s was changed"), {"when": letter.created_at}
    )


def build_ownership_received(letter: Letter) -> EmailContent | None:
    """Tell somebody that the workspace is theirs now."""
    if recipient_user(letter) is None:
        return None
    return EmailContent(
        gettext("You are an owner of %(workspace)s now"), {"when": letter.created_at}
    )


def build_ownership_given(letter: Letter) -> EmailContent | None:
    """Tell a former owner that the workspace was handed over."""
    if recipient_user(letter) is None:
        return None
    return EmailContent(gettext("%(workspace)s was handed over"), {"when": letter.created_at})


# Letters about a password: the link that sets a new one, and word that it was changed.
def build_password_reset(letter: Letter) -> EmailContent | None:
    """Bring an active person a link to set a new password; nobody else gets a mail."""
    user = find_user_by_typed_email(letter.data.get("spelling", letter.recipient))
    if user is None or not user.is_active:
        return None
    lifetime = settings.RESET_LINK_LIFETIME
    token = create_email_token(
        MailLink.Purpose.RESET, email=user.email, lifetime=lifetime, user=user
    )
    return EmailContent(
        gettext("Set a new password for %(workspace)s"),
        {"link": tenant_link("/password/reset", token=token), "good_for": human_duration(lifetime)},
        event="password.reset_requested",
        about=user,
    )


def build_password_changed(letter: Letter) -> EmailContent | None:
    """Tell a person that their password was changed."""
    if recipient_user(letter) is None:
        return None
    return EmailContent(
        gettext("Your password for %(workspace)s was changed"), {"when": letter.created_at}
    )


# Word to a person that their second factor was changed, or a recovery code of it used.
def build_second_factor(letter: Letter) -> EmailContent | None:
    """Tell a person what happened: ``what`` is added, removed, renewed or used."""
    if recipient_user(letter) is None:
        return None
    return EmailContent(
        gettext("Your second factor for %(workspace)s"),
        {"what": letter.data["what"], "left": letter.data.get("left"), "when": letter.created_at},
    )


# The letter that tells owners that their workspace is going to be deleted.
def build_workspace_leaving(letter: Letter) -> EmailContent | None:
    """Tell an owner who has asked for it, and until when it can be called off."""
    if find_active_user(letter.recipient) is None:
        return None
    subject = gettext("%(workspace)s is going to be deleted")
    return EmailContent(subject, {"by": letter.data["by"], "day": letter.data["due_at"][:10]})


# Every kind of letter: a builder here, and ``templates/mail/<kind>.txt`` and ``.html``.

"""Looks at whom the letter is for now, makes the link that it brings, and says what it says.

Runs in the letter's tenant and language, in a transaction. Returns None when nobody is to get it.
"""


MESSAGE_BUILDERS: dict[str, MessageBuilder] = {
    "account_created": build_account_created,
    "address_changed": build_address_changed,
    "ownership_given": build_ownership_given,
    "ownership_received": build_ownership_received,
    "password_reset": build_password_reset,
    "password_changed": build_password_changed,
    "second_factor": build_second_factor,
    "verify_email": build_verify_email,
    "registration": build_registration,
    "invitation": build_invitation,
    "workspace_leaving": build_workspace_leaving,
}
