"""Word to a person that their second factor was changed, or a recovery code of it used."""

from django.utils.translation import gettext

from accounts.email.messages import person_named
from accounts.email.rendering import Mail
from accounts.models import Letter


def second_factor(letter: Letter) -> Mail | None:
    """Tell a person what happened: ``what`` is added, removed, renewed or used."""
    if person_named(letter) is None:
        return None
    return Mail(
        gettext("Your second factor for %(workspace)s"),
        {"what": letter.data["what"], "left": letter.data.get("left"), "when": letter.created_at},
    )
