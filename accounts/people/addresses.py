"""Addresses of people: as they are stored and compared, and which ones nobody may have."""

from core.problems import FieldError, ValidationFailed
from core.text import normalize_bounded

# Where removed people have their address (accounts/people/removal.py).
TOMBSTONES = "@removed.invalid"


def normalised_email(email: str) -> str:
    """Return an address as it is stored and compared: without case."""
    return email.strip().lower()


def require_reachable(email: str) -> None:
    """Raise ValidationFailed for an address with look-alike letters, or that no mail can reach."""
    if not _is_plain(email):
        rule = "Use the usual form of this address, without look-alike letters."
        raise ValidationFailed(errors=[FieldError("email", "invalid", rule)])
    # Whoever had the address that is kept for somebody would keep them from being removed.
    if email.endswith(TOMBSTONES):
        rule = "No mail can reach this address."
        raise ValidationFailed(errors=[FieldError("email", "invalid", rule)])


def _is_plain(email: str) -> bool:
    """Whether no other letters could mean the same mailbox (Unicode TR 36; CVE-2019-19844).

    Python's pattern for A to Z without case takes four letters that are not ASCII, and a domain's
    compatibility characters lead to the plain domain.
    """
    mailbox = email.rpartition("@")[0]
    return mailbox.isascii() and normalize_bounded(email, "NFKC", max_raw_length=254) == email
