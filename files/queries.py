"""Reading files."""

from django.db.models import QuerySet

from accounts.models import User
from core.api.filters import validate_search
from files.access import readable_files
from files.models import File

ORDERINGS = ("name", "size", "created_at")


def find_files(user: User, *, search: str = "") -> QuerySet[File]:
    """Return the files that a person may see whose name contains ``search``, without case.

    Raises ValidationFailed for a search that no name could contain.
    """
    wanted, files = validate_search(search), readable_files(user)
    return files.filter(name__folded_contains=wanted) if wanted else files
