"""What somebody is told who is asked in, or registers, and has an account already."""

from django.utils.translation import gettext

from accounts.email.messages import find_active_user
from accounts.email.rendering import EmailContent, tenant_link
from accounts.models import Letter


def build_account_exists(letter: Letter) -> EmailContent | None:
    """Tell the person of this address that they have an account; nobody who is inactive."""
    if find_active_user(letter.recipient) is None:
        return None
    subject = gettext("You have an account at %(workspace)s")
    return EmailContent(subject, {"known": True, "site": tenant_link("/")})
