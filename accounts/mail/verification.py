"""Letters about an address: the link that verifies it, and the one that ends a registration."""

from django.conf import settings
from django.utils.translation import gettext

from accounts.email.messages import person_named
from accounts.email.rendering import Mail, in_words, link_to
from accounts.email_tokens import mint
from accounts.mail.known import known_already
from accounts.models import Letter, MailLink
from accounts.people.finding import person_with_email


def verify_email(letter: Letter) -> Mail | None:
    """Bring a person a link that verifies their address, unless it is verified."""
    user = person_named(letter)
    if user is None or user.email_verified_at is not None:
        return None
    token = mint(
        MailLink.Purpose.VERIFY, email=user.email, lifetime=settings.VERIFY_LINK_LIFETIME, user=user
    )
    subject = gettext("Verify your e-mail address for %(workspace)s")
    return _with_link(subject, token)


def registration(letter: Letter) -> Mail | None:
    """Bring somebody new the link that makes them a member; tell a member that they are one."""
    if person_with_email(letter.recipient) is not None:
        return known_already(letter)
    token = mint(
        MailLink.Purpose.JOIN,
        email=letter.recipient,
        lifetime=settings.VERIFY_LINK_LIFETIME,
        data={"person": letter.data["person"]},
    )
    return _with_link(gettext("Confirm your registration at %(workspace)s"), token)


def _with_link(subject: str, token: str) -> Mail:
    good_for = in_words(settings.VERIFY_LINK_LIFETIME)
    return Mail(subject, {"link": link_to("/email/verify", token=token), "good_for": good_for})
