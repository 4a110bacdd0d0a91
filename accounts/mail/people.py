"""Letters about what others did with somebody's account, and about who owns the workspace."""

from django.conf import settings
from django.contrib.auth.hashers import is_password_usable
from django.utils.translation import gettext

from accounts.email.messages import recipient_user
from accounts.email.rendering import EmailContent, human_duration, tenant_link
from accounts.email_tokens import create_email_token
from accounts.models import Letter, MailLink


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
