"""Reading files."""

import unicodedata

from django.db.models import QuerySet

from accounts.models import User
from core.problems import FieldError, ValidationFailed
from files.access import readable_files
from files.models import File

ORDERINGS = ("name", "size", "created_at")
NEWEST_FIRST = "-created_at"
LONGEST_SEARCH = 255


def find_files(user: User, *, search: str = "") -> QuerySet[File]:
    """Return the files that a person may see whose name contains ``search``, without case.

    Raises ValidationFailed for a search that no name could contain.
    """
    wanted = unicodedata.normalize("NFC", search)
    if len(wanted) > LONGEST_SEARCH or "\0" in wanted:
        fault = FieldError("search", "invalid", f"Give at most {LONGEST_SEARCH} characters.")
        raise ValidationFailed(errors=[fault])
    files = readable_files(user)
    return files.filter(name__icontains=wanted) if wanted else files


def checked_ordering(asked: str) -> str:
    """Return the ordering asked for, newest first if none is. Raises ValidationFailed."""
    if not asked:
        return NEWEST_FIRST
    if asked.removeprefix("-") not in ORDERINGS:
        names = ", ".join(ORDERINGS)
        fault = FieldError("ordering", "invalid_choice", f"Order by {names}; - in front reverses.")
        raise ValidationFailed(errors=[fault])
    return asked
