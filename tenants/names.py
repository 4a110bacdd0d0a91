"""What an agency may be called."""

import unicodedata

from core.problems import FieldError, ValidationFailed

LONGEST_NAME = 120


def checked_name(text: str, *, field: str = "name") -> str:
    """Return a name in normal form C and with single spaces.

    Raises ValidationFailed that names ``field``.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 0 < len(name) <= LONGEST_NAME:
        fault = FieldError(field, "invalid_length", f"Use 1 to {LONGEST_NAME} characters.")
        raise ValidationFailed(errors=[fault])
    return name
