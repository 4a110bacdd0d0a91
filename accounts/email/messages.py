"""Content of every kind of e-mail: a builder here, and ``templates/mail/<kind>.txt`` and ``.html``.

A builder runs when the e-mail is sent, in its tenant and language and in a transaction. It looks up
the recipient as of now and creates the token in the link, so no secret is stored in the outbox. It
returns None if the e-mail must not be sent any more.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import is_password_usable
from django.utils import timezone
from django.utils.translation import gettext

from accounts.email.rendering import EmailContent, human_duration, tenant_link
from accounts.email_tokens import create_email_token, renew_email_token
from accounts.invitations.queries import PENDING, invitation_state, lock_invitation
from accounts.invitations.services import renew_invitation_token
from accounts.models import Invitation, Letter, MailLink, User
from accounts.users.queries import find_user_by_email, find_user_by_typed_email
from core.problems import NotFound

MessageBuilder = Callable[[Letter], EmailContent | None]


def find_active_user(email: str) -> User | None:
    """Return the active user with a lower-case address; None if there is none."""
    user = find_user_by_email(email)
    return user if user is not None and user.is_active else None


def recipient_user(letter: Letter) -> User | None:
    """Return the active user with the id in the e-mail's data.

    None if the user has another address by now: the e-mail was meant for the former one.
    """
    user = find_active_user(letter.recipient)
    return user if user is not None and str(user.id) == letter.data.get("user") else None


def build_verify_email(letter: Letter) -> EmailContent | None:
    """Send a user the link that verifies the address, unless it is verified."""
    user = recipient_user(letter)
    if user is None or user.email_verified_at is not None:
        return None
    token = create_email_token(
        MailLink.Purpose.VERIFY, email=user.email, lifetime=settings.VERIFY_LINK_LIFETIME, user=user
    )
    subject = gettext("Verify your e-mail address for %(workspace)s")
    return _link_content(subject, token)


def build_registration(letter: Letter) -> EmailContent | None:
    """Send the link that completes a registration, or tell a user about the account."""
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
    link = tenant_link("/email/verify", token=token)
    return EmailContent(subject, {"link": link, "good_for": good_for})


def build_account_exists(letter: Letter) -> EmailContent | None:
    """Tell an active user who is invited, or registers again, about the existing account."""
    if find_active_user(letter.recipient) is None:
        return None
    subject = gettext("You have an account at %(workspace)s")
    return EmailContent(subject, {"known": True, "site": tenant_link("/")})


def build_invitation(letter: Letter) -> EmailContent | None:
    """Send the link that accepts a pending invitation, or tell a user about the account.

    The e-mail does not name the inviter: anyone can create a tenant with an address of another
    person, and would make Aggios write to third parties in that person's name.
    """
    invitation = _pending_invitation(letter)
    if invitation is None:
        return None
    if find_user_by_email(letter.recipient) is not None:
        return build_account_exists(letter)
    subject = gettext("Join %(workspace)s")
    link = tenant_link("/join", token=renew_invitation_token(invitation))
    good_for = human_duration(invitation.expires_at - timezone.now())
    return EmailContent(subject, {"link": link, "good_for": good_for})


def _pending_invitation(letter: Letter) -> Invitation | None:
    try:
        invitation = lock_invitation(letter.data["invitation"])
    except NotFound:
        return None
    return invitation if invitation_state(invitation) == PENDING else None


def build_account_created(letter: Letter) -> EmailContent | None:
    """Send a new user the link that sets a password, unless there is one."""
    user = recipient_user(letter)
    if user is None or is_password_usable(user.password):
        return None
    # As long as for verification: the user did not ask for this e-mail and may read it late.
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


def build_password_reset(letter: Letter) -> EmailContent | None:
    """Send an active user the link that sets a new password."""
    user = find_user_by_typed_email(letter.data.get("spelling", letter.recipient))
    if user is None or not user.is_active:
        return None
    lifetime = settings.RESET_LINK_LIFETIME
    token = create_email_token(
        MailLink.Purpose.RESET, email=user.email, lifetime=lifetime, user=user
    )
    return EmailContent(
        gettext("Set a new password for %(workspace)s"),
        {
            "link": tenant_link("/password/reset", token=token),
            "good_for": human_duration(lifetime),
        },
        audit_action="password.reset_requested",
        audit_user=user,
    )


def build_password_changed(letter: Letter) -> EmailContent | None:
    """Tell a user that the password was changed."""
    if recipient_user(letter) is None:
        return None
    return EmailContent(
        gettext("Your password for %(workspace)s was changed"), {"when": letter.created_at}
    )


def build_address_changed(letter: Letter) -> EmailContent:
    """Tell the former address of an account that it was replaced."""
    return EmailContent(
        gettext("Your e-mail address for %(workspace)s was changed"), {"when": letter.created_at}
    )


def build_email_change(letter: Letter) -> EmailContent | None:
    """Send the link that confirms another address of a user, unless another user has it."""
    renewed = renew_email_token(letter.data["link"], MailLink.Purpose.CHANGE)
    if renewed is None or find_user_by_email(letter.recipient) is not None:
        return None
    link, token = renewed
    context = {
        "link": tenant_link("/email/change", token=token),
        "good_for": human_duration(link.expires_at - timezone.now()),
    }
    return EmailContent(gettext("Confirm your new e-mail address for %(workspace)s"), context)


def build_email_change_notice(letter: Letter) -> EmailContent | None:
    """Tell the present address that its user asked for another one."""
    if recipient_user(letter) is None:
        return None
    subject = gettext("A new e-mail address was requested for %(workspace)s")
    return EmailContent(subject, {"when": letter.created_at})


def build_second_factor(letter: Letter) -> EmailContent | None:
    """Tell a user that a second factor was added, removed, renewed or used (``what``)."""
    if recipient_user(letter) is None:
        return None
    return EmailContent(
        gettext("Your second factor for %(workspace)s"),
        {"what": letter.data["what"], "left": letter.data.get("left"), "when": letter.created_at},
    )


def build_ownership_received(letter: Letter) -> EmailContent | None:
    """Tell the new owner about the transfer of the tenant."""
    if recipient_user(letter) is None:
        return None
    return EmailContent(
        gettext("You are an owner of %(workspace)s now"), {"when": letter.created_at}
    )


def build_ownership_given(letter: Letter) -> EmailContent | None:
    """Tell the former owner about the transfer of the tenant."""
    if recipient_user(letter) is None:
        return None
    return EmailContent(gettext("%(workspace)s was handed over"), {"when": letter.created_at})


def build_workspace_leaving(letter: Letter) -> EmailContent | None:
    """Tell an owner who requested the tenant's deletion, and until when it can be cancelled."""
    if find_active_user(letter.recipient) is None:
        return None
    subject = gettext("%(workspace)s is going to be deleted")
    due_at = datetime.fromisoformat(letter.data["due_at"])
    return EmailContent(subject, {"by": letter.data["by"], "due_at": due_at})


def build_support_request(letter: Letter) -> EmailContent | None:
    """Tell an owner that a staff user asks for access to the tenant."""
    user = recipient_user(letter)
    if user is None or user.role != User.Role.OWNER:
        return None
    context = {name: letter.data[name] for name in ("by", "reason")}
    hours = human_duration(timedelta(hours=letter.data["hours"]))
    return EmailContent(
        gettext("Support asks for access to %(workspace)s"),
        {**context, "good_for": hours, "link": tenant_link("/settings/support")},
    )


MESSAGE_BUILDERS: dict[str, MessageBuilder] = {
    "account_created": build_account_created,
    "address_changed": build_address_changed,
    "email_change": build_email_change,
    "email_change_notice": build_email_change_notice,
    "ownership_given": build_ownership_given,
    "ownership_received": build_ownership_received,
    "password_reset": build_password_reset,
    "password_changed": build_password_changed,
    "second_factor": build_second_factor,
    "verify_email": build_verify_email,
    "registration": build_registration,
    "invitation": build_invitation,
    "support_request": build_support_request,
    "workspace_leaving": build_workspace_leaving,
}
