"""Password normalisation and verification.

Keyboards, operating systems and browsers send characters in different Unicode forms: U+00E9 and
e + U+0301 must be the same password. NIST SP 800-63B-4, 3.1.1.2 requires NFKC or NFKD before the
hash. RFC 8265, 4.2 (OpaqueString) requires NFC with other spaces as U+0020, and keeps the width of
characters. NFKC does what both need. It also folds full-width characters, so that the list of
common passwords finds them (docs/decisions/0017-password-normalisation.md).
"""

from collections.abc import Callable

from django.contrib.auth.hashers import check_password

from core.text.normalization import COMPOSED_FACTOR, normalize_bounded

MAX_PASSWORD_LENGTH = 256
SAME_PASSWORD = "Choose another password than the current one."  # noqa: S105
# A longer text cannot become an accepted password, so it is not normalised.
MAX_RAW_PASSWORD_LENGTH = MAX_PASSWORD_LENGTH * COMPOSED_FACTOR


def normalize_password(password: str) -> str:
    """Return a password in NFKC; a text that is too long for a password is returned unchanged."""
    return normalize_bounded(password, "NFKC", max_raw_length=MAX_RAW_PASSWORD_LENGTH)


def verify_password(password: str, encoded: str, store: Callable[[str], None]) -> bool:
    """Tell whether a password matches the hash ``encoded``.

    Old hashes were made from the text as it was sent. So a text that normalisation changes is
    verified in both forms, for every ``encoded``, and the time does not depend on the account.
    ``store`` is called with the password if it needs a new hash. Raises: the hasher's exceptions.
    """
    normalized = normalize_password(password)
    matches = check_password(normalized, encoded, setter=store)
    if normalized == password:
        return matches
    if check_password(password, encoded) and not matches:
        store(normalized)
        return True
    return matches


def simulate_verification(password: str, encoded: str) -> None:
    """Do the same work as ``verify_password``, for an account that does not exist."""
    verify_password(password, encoded, _discard)


def _discard(password: str) -> None:
    """Store nothing."""
