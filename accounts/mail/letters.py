"""Every kind of letter: a builder here, and ``templates/mail/<kind>.txt`` and ``.html``."""

from collections.abc import Callable

from accounts.email.rendering import Mail
from accounts.mail import factors, invitation, leaving, people, recovery, verification
from accounts.models import Letter

Builder = Callable[[Letter], Mail | None]
"""Looks at whom the letter is for now, makes the link that it brings, and says what it says.

Runs in the letter's tenant and language, in a transaction. Returns None when nobody is to get it.
"""

KINDS: dict[str, Builder] = {
    "account_created": people.account_created,
    "address_changed": people.address_changed,
    "ownership_given": people.ownership_given,
    "ownership_received": people.ownership_received,
    "password_reset": recovery.password_reset,
    "password_changed": recovery.password_changed,
    "second_factor": factors.second_factor,
    "verify_email": verification.verify_email,
    "registration": verification.registration,
    "invitation": invitation.invitation,
    "workspace_leaving": leaving.workspace_leaving,
}
