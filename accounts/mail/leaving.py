"""The letter that tells owners that their workspace is going to be deleted."""

from django.utils.translation import gettext

from accounts.email.messages import find_active_user
from accounts.email.rendering import EmailContent
from accounts.models import Letter


def build_workspace_leaving(letter: Letter) -> EmailContent | None:
    """Tell an owner who has asked for it, and until when it can be called off."""
    if find_active_user(letter.recipient) is None:
        return None
    subject = gettext("%(workspace)s is going to be deleted")
    return EmailContent(subject, {"by": letter.data["by"], "day": letter.data["due_at"][:10]})
