"""What somebody is told who is asked in, or registers, and has an account already."""

from django.utils.translation import gettext

from accounts.email.messages import active_person
from accounts.email.rendering import Mail, link_to
from accounts.models import Letter


def known_already(letter: Letter) -> Mail | None:
    """Tell the person of this address that they have an account; nobody who is inactive."""
    if active_person(letter.recipient) is None:
        return None
    subject = gettext("You have an account at %(workspace)s")
    return Mail(subject, {"known": True, "site": link_to("/")})
