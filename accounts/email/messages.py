"""Whom a letter is for, looked at while it is sent."""

from accounts.models import Letter, User
from accounts.people.finding import find_user_by_email


def find_active_user(email: str) -> User | None:
    """Return the active person with this address, which has no capitals, or None."""
    found = find_user_by_email(email)
    return found if found is not None and found.is_active else None


def recipient_user(letter: Letter) -> User | None:
    """Return the active person whose id the letter's data give as ``user``.

    None if they have another address by now: a letter goes to whom it was meant for.
    """
    user = find_active_user(letter.recipient)
    return user if user is not None and str(user.id) == letter.data.get("user") else None
