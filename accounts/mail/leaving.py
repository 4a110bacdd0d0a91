"""The letter that tells owners that their workspace is going to be deleted."""

from django.utils.translation import gettext

from accounts.email.messages import active_person
from accounts.email.rendering import Mail
from accounts.models import Letter


def workspace_leaving(letter: Letter) -> Mail | None:
    """Tell an owner who has asked for it, and until when it can be called off."""
    if active_person(letter.recipient) is None:
        return None
    subject = gettext("%(workspace)s is going to be deleted")
    return Mail(subject, {"by": letter.data["by"], "day": letter.data["due_at"][:10]})
