"""What an agency may be called."""

from core.problems import FieldError, ValidationFailed

LONGEST_NAME = 120


def checked_name(text: str, *, field: str = "name") -> str:
    """Return a name with single spaces, or raise ValidationFailed that names ``field``."""
    name = " ".join(text.split())
    if not 0 < len(name) <= LONGEST_NAME:
        fault = FieldError(field, "invalid_length", f"Use 1 to {LONGEST_NAME} characters.")
        raise ValidationFailed(errors=[fault])
    return name
