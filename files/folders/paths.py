"""Folders as prefixes of file names: validated and compared.

A folder is written with its final "/" ("reports/2026/"); "" is the top.
"""

from django.db.models import Q

from core.problems import FieldError, ValidationFailed
from core.text.normalization import TOO_LONG
from core.text.translation import translatable
from files.filenames import MAX_NAME_LENGTH, validate_path

TOP = ""
# The character after "/". The database compares bytes (C.UTF-8), so this ends a folder's names.
AFTER_SLASH = "0"


def validate_folder(text: str, *, field: str) -> str:
    """Return a folder in normal form C with its final "/"; an empty text is the top.

    Raises: ValidationFailed (for ``field``).
    """
    if not text.removesuffix("/"):
        return TOP
    folder = f"{validate_path(text.removesuffix('/'), field=field)}/"
    if len(folder) > MAX_NAME_LENGTH:
        rule = translatable("Use at most %(most)s characters.", most=MAX_NAME_LENGTH - 1)
        raise ValidationFailed(errors=[FieldError(field, TOO_LONG, rule)])
    return folder


def end_of(folder: str) -> str:
    """Return the first text after all names in a folder."""
    return f"{folder[:-1]}{AFTER_SLASH}"


def within(folder: str) -> Q:
    """Return the condition that a file is in a folder, at any depth. It can use an index."""
    return Q(name__gt=folder, name__lt=end_of(folder)) if folder else Q()
