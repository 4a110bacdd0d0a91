"""Letters about a password: the link that sets a new one, and word that it was changed."""

from django.conf import settings
from django.utils.translation import gettext

from accounts.email.messages import person_named
from accounts.email.rendering import Mail, in_words, link_to
from accounts.email_tokens import mint
from accounts.models import Letter, MailLink
from accounts.people.finding import person_with_spelling


def password_reset(letter: Letter) -> Mail | None:
    """Bring an active person a link to set a new password; nobody else gets a mail."""
    user = person_with_spelling(letter.data.get("spelling", letter.recipient))
    if user is None or not user.is_active:
        return None
    lifetime = settings.RESET_LINK_LIFETIME
    token = mint(MailLink.Purpose.RESET, email=user.email, lifetime=lifetime, user=user)
    return Mail(
        gettext("Set a new password for %(workspace)s"),
        {"link": link_to("/password/reset", token=token), "good_for": in_words(lifetime)},
        event="password.reset_requested",
        about=user,
    )


def password_changed(letter: Letter) -> Mail | None:
    """Tell a person that their password was changed."""
    if person_named(letter) is None:
        return None
    return Mail(gettext("Your password for %(workspace)s was changed"), {"when": letter.created_at})
