"""Kinds of files, by their content types."""

from django.db.models import Q

from core.api.filters import validate_choice

OTHER = "other"
TYPE_PREFIXES = {
    "image": ("image/",),
    "video": ("video/",),
    "audio": ("audio/",),
    "document": (
        "text/",
        "application/json",
        "application/msword",
        "application/pdf",
        "application/rtf",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.",
        "application/vnd.openxmlformats-officedocument.",
    ),
    "archive": (
        "application/gzip",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-rar",
        "application/x-tar",
        "application/x-xz",
        "application/zip",
        "application/zstd",
    ),
}
KINDS = (*TYPE_PREFIXES, OTHER)


def kind_of(content_type: str) -> str:
    """Return the kind of a content type."""
    for kind, prefixes in TYPE_PREFIXES.items():
        if content_type.startswith(prefixes):
            return kind
    return OTHER


def of_kind(kind: str) -> Q:
    """Return the condition that a file's current content is of a kind. Raises: ValidationFailed."""
    if validate_choice("kind", kind, KINDS) != OTHER:
        return _begins_with(TYPE_PREFIXES[kind])
    return ~_begins_with(sum(TYPE_PREFIXES.values(), ()))


def _begins_with(prefixes: tuple[str, ...]) -> Q:
    found = Q()
    for prefix in prefixes:
        found |= Q(current__content_type__startswith=prefix)
    return found
