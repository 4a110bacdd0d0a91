"""Addresses of people that nobody may have. Their form is core/text/email_addresses.py."""

from core.problems import FieldError, ValidationFailed
from core.text.email_addresses import UNREACHABLE_DOMAIN

# Where removed people have their address (accounts/users/erasure.py).
REMOVED_USERS_DOMAIN = "@removed.invalid"


def refuse_reserved_address(email: str) -> None:
    """Raise ValidationFailed for a canonical address that is kept for people who were removed.

    A person who had it would keep another one from being removed.
    """
    if email.endswith(REMOVED_USERS_DOMAIN):
        raise ValidationFailed(errors=[FieldError("email", "invalid", UNREACHABLE_DOMAIN)])
