"""Letters about an address: the link that verifies it, and the one that ends a registration."""

from django.conf import settings
from django.utils.translation import gettext

from accounts.email.messages import recipient_user
from accounts.email.rendering import EmailContent, human_duration, tenant_link
from accounts.email_tokens import create_email_token
from accounts.mail.known import build_account_exists
from accounts.models import Letter, MailLink
from accounts.people.finding import find_user_by_email


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
