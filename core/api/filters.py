"""What a list may be asked for. All lists refuse the same in the same words."""

from collections.abc import Collection

from core.problems import FieldError, ValidationFailed
from core.text.normalization import normalize_text

NEWEST_FIRST = "-created_at"
MAX_SEARCH_LENGTH = 255
SEARCH_RULE = f"Give at most {MAX_SEARCH_LENGTH} characters, and no null character."


def validate_search(asked: str) -> str:
    """Return what is searched for in normal form C, as names are kept. Raises ValidationFailed."""
    refused = ValidationFailed(errors=[FieldError("search", "invalid", SEARCH_RULE)])
    try:
        wanted = normalize_text(asked, "NFC", max_length=MAX_SEARCH_LENGTH, field="search")
    except ValidationFailed as exc:
        raise refused from exc
    if "\0" in wanted:
        raise refused
    return wanted


def validate_ordering(asked: str, names: Collection[str]) -> str:
    """Return the ordering asked for, newest first if none is. Raises ValidationFailed."""
    if asked and asked.removeprefix("-") not in names:
        rule = f"Order by {', '.join(names)}; - in front reverses."
        raise ValidationFailed(errors=[FieldError("ordering", "invalid_choice", rule)])
    return asked or NEWEST_FIRST


def validate_choice(field: str, asked: str, choices: Collection[str]) -> str:
    """Return the one of some choices that was asked for. Raises ValidationFailed."""
    if asked not in choices:
        rule = f"Use one of {', '.join(choices)}."
        raise ValidationFailed(errors=[FieldError(field, "invalid_choice", rule)])
    return asked
