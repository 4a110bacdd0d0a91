"""Word to a person that their second factor was changed, or a recovery code of it used."""

from django.utils.translation import gettext

from accounts.email.messages import recipient_user
from accounts.email.rendering import EmailContent
from accounts.models import Letter


def build_second_factor(letter: Letter) -> EmailContent | None:
    """Tell a person what happened: ``what`` is added, removed, renewed or used."""
    if recipient_user(letter) is None:
        return None
    return EmailContent(
        gettext("Your second factor for %(workspace)s"),
        {"what": letter.data["what"], "left": letter.data.get("left"), "when": letter.created_at},
    )
