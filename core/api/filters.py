"""Query parameters of lists: search, ordering and choices, with the same errors everywhere."""

from collections.abc import Collection, Sequence

from drf_spectacular.utils import OpenApiParameter

from core.problems import FieldError, ValidationFailed
from core.text.normalization import normalize_text
from core.text.translation import translatable

NEWEST_FIRST = "-created_at"
MAX_SEARCH_LENGTH = 255
SEARCH_RULE = translatable(
    "Give at most %(most)s characters, and no null character.", most=MAX_SEARCH_LENGTH
)


def validate_search(requested: str) -> str:
    """Return the search text in normal form C, like stored names. Raises: ValidationFailed."""
    refused = ValidationFailed(errors=[FieldError("search", "invalid", SEARCH_RULE)])
    try:
        wanted = normalize_text(requested, "NFC", max_length=MAX_SEARCH_LENGTH, field="search")
    except ValidationFailed as exc:
        raise refused from exc
    if "\0" in wanted:
        raise refused
    return wanted


def validate_ordering(requested: str, names: Collection[str]) -> str:
    """Return the requested ordering, by default newest first. Raises: ValidationFailed."""
    if requested and requested.removeprefix("-") not in names:
        rule = translatable("Order by %(names)s; - in front reverses.", names=", ".join(names))
        raise ValidationFailed(errors=[FieldError("ordering", "invalid_choice", rule)])
    return requested or NEWEST_FIRST


def validate_choice(field: str, requested: str, choices: Collection[str]) -> str:
    """Return the requested value if it is one of ``choices``. Raises: ValidationFailed."""
    if requested not in choices:
        rule = translatable("Use one of %(choices)s.", choices=", ".join(choices))
        raise ValidationFailed(errors=[FieldError(field, "invalid_choice", rule)])
    return requested


def search_parameter(description: str) -> OpenApiParameter:
    """Return the OpenAPI parameter ``search``."""
    schema = {"type": "string", "maxLength": MAX_SEARCH_LENGTH}
    return OpenApiParameter("search", schema, description=description)


def ordering_parameter(names: Sequence[str]) -> OpenApiParameter:
    """Return the OpenAPI parameter ``ordering`` for a list with these columns."""
    return OpenApiParameter(
        "ordering",
        str,
        enum=[sign + name for name in names for sign in ("", "-")],
        description="A leading `-` reverses the order. The default is newest first.",
    )
