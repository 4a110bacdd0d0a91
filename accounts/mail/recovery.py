"""Letters about a password: the link that sets a new one, and word that it was changed."""

from django.conf import settings
from django.utils.translation import gettext

from accounts.email.messages import recipient_user
from accounts.email.rendering import EmailContent, human_duration, tenant_link
from accounts.email_tokens import create_email_token
from accounts.models import Letter, MailLink
from accounts.people.finding import find_user_by_typed_email


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
