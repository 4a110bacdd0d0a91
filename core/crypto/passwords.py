"""The one form of a password that is checked against the rules, hashed and compared.

A keyboard, an operating system or a browser decides in which Unicode form a letter is sent, so that
U+00E9 and e + U+0301 must be one password. NIST SP 800-63B-4, 3.1.1.2 asks for NFKC or NFKD before
the hash. RFC 8265, 4.2 (OpaqueString) asks for NFC with other spaces as U+0020, and leaves the
width of letters alone. NFKC does what both need, and folds full-width letters, which the list of
common passwords then finds (docs/decisions/0017-password-normalisation.md).
"""

from collections.abc import Callable

from django.contrib.auth.hashers import check_password

from core.text.normalization import COMPOSED_FACTOR, normalize_bounded

MAX_PASSWORD_LENGTH = 256
SAME_PASSWORD = "Choose another password than the current one."  # noqa: S105
# A longer text cannot become a password that is accepted; it is not normalised
# (core/text/normalization.py).
MAX_RAW_PASSWORD_LENGTH = MAX_PASSWORD_LENGTH * COMPOSED_FACTOR


def normalize_password(password: str) -> str:
    """Return a password in NFKC; one that is longer than any password can be is returned as is."""
    return normalize_bounded(password, "NFKC", max_raw_length=MAX_RAW_PASSWORD_LENGTH)


def verify_password(password: str, encoded: str, store: Callable[[str], None]) -> bool:
    """Tell whether a password is the one that ``encoded`` was made of.

    Hashes that are older than the normalisation were made of the text as it was sent, so a text
    that normalisation changes is verified in both forms: always both, for every ``encoded``, so
    that the time does not depend on the account. ``store`` is called with the password when its
    hash is to be made anew. Raises what the hasher raises.
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
    """Do the work of ``verify_password`` for an account that does not exist."""
    verify_password(password, encoded, _discard)


def _discard(password: str) -> None:
    """Store nothing."""
