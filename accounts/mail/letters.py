"""Every kind of letter: a builder here, and ``templates/mail/<kind>.txt`` and ``.html``."""

from collections.abc import Callable

from accounts.email.rendering import EmailContent
from accounts.mail import factors, invitation, leaving, people, recovery, verification
from accounts.models import Letter

MessageBuilder = Callable[[Letter], EmailContent | None]
"""Looks at whom the letter is for now, makes the link that it brings, and says what it says.

Runs in the letter's tenant and language, in a transaction. Returns None when nobody is to get it.
"""

MESSAGE_BUILDERS: dict[str, MessageBuilder] = {
    "account_created": people.build_account_created,
    "address_changed": people.build_address_changed,
    "ownership_given": people.build_ownership_given,
    "ownership_received": people.build_ownership_received,
    "password_reset": recovery.build_password_reset,
    "password_changed": recovery.build_password_changed,
    "second_factor": factors.build_second_factor,
    "verify_email": verification.build_verify_email,
    "registration": verification.build_registration,
    "invitation": invitation.build_invitation,
    "workspace_leaving": leaving.build_workspace_leaving,
}
