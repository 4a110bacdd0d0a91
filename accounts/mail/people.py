"""Letters about what others did with somebody's account, and about who owns the workspace."""

from django.conf import settings
from django.contrib.auth.hashers import is_password_usable
from django.utils.translation import gettext

from accounts.email.messages import person_named
from accounts.email.rendering import Mail, in_words, link_to
from accounts.email_tokens import mint
from accounts.models import Letter, MailLink


def account_created(letter: Letter) -> Mail | None:
    """Bring somebody who was given an account a link to set a password, unless they have one."""
    user = person_named(letter)
    if user is None or is_password_usable(user.password):
        return None
    # As long as for a new address: nobody waits for this one at their mailbox.
    lifetime = settings.VERIFY_LINK_LIFETIME
    token = mint(MailLink.Purpose.RESET, email=user.email, lifetime=lifetime, user=user)
    context = {"link": link_to("/password/reset", token=token), "good_for": in_words(lifetime)}
    subject = gettext("Your account at %(workspace)s")
    return Mail(subject, context)


def address_changed(letter: Letter) -> Mail:
    """Tell the former address of an account that it is that no longer."""
    return Mail(
        gettext("Your e-mail address for %(workspace)s was changed"), {"when": letter.created_at}
    )


def ownership_received(letter: Letter) -> Mail | None:
    """Tell somebody that the workspace is theirs now."""
    if person_named(letter) is None:
        return None
    return Mail(gettext("You are an owner of %(workspace)s now"), {"when": letter.created_at})


def ownership_given(letter: Letter) -> Mail | None:
    """Tell a former owner that the workspace was handed over."""
    if person_named(letter) is None:
        return None
    return Mail(gettext("%(workspace)s was handed over"), {"when": letter.created_at})
