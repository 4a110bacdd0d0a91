"""Reading files."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from core.api.filters import validate_search
from core.problems import NotFound
from files.models import File

ORDERINGS = ("name", "size", "created_at")


def find_files(user: User, *, search: str = "") -> QuerySet[File]:
    """Return the files that a person may see whose name contains ``search``, without case.

    Raises ValidationFailed for a search that no name could contain.
    """
    wanted, files = validate_search(search), readable_files(user)
    return files.filter(name__folded_contains=wanted) if wanted else files


# The only doors to files: who may see and change which.
#
# A member sees and changes their own files; owners and administrators of the tenant see and change
# all. What somebody may not see does not exist for them: NotFound, never a refusal.
def readable_files(user: User) -> QuerySet[File]:
    """Return the live files that a person may see, each with its current version."""
    return _accessible_files(user).filter(deleted_at__isnull=True)


def trashed_files(user: User) -> QuerySet[File]:
    """Return the files in the trash that a person may see, each with its current version.

    What has been there for longer than the period is gone, whether it was purged already or not.
    """
    return _accessible_files(user).filter(deleted_at__gt=trash_cutoff())


def readable_file(user: User, file_id: uuid.UUID) -> File:
    """Return a file that a person may see. Raises NotFound."""
    return _get_file(readable_files(user), file_id)


def writable_file(user: User, file_id: uuid.UUID) -> File:
    """Return a file that a person may change, locked until the transaction ends.

    Raises NotFound. Who may see a file may change it; the rule can be narrowed here.
    """
    return _get_file(_for_update(readable_files(user)), file_id)


def trashed_file(user: User, file_id: uuid.UUID) -> File:
    """Return a file in the trash, locked until the transaction ends. Raises NotFound."""
    return _get_file(_for_update(trashed_files(user)), file_id)


def _accessible_files(user: User) -> QuerySet[File]:
    files = File.objects.select_related("current")
    return files if user.manages else files.filter(owner=user)


def _for_update(files: QuerySet[File]) -> QuerySet[File]:
    # Without the join: PostgreSQL holds a row that it had to wait for against the version that was
    # joined before, and a file that got a new one meanwhile would seem to be gone (PostgreSQL
    # manual, 13.2.1).
    return files.select_related(None).select_for_update()


def _get_file(files: QuerySet[File], file_id: uuid.UUID) -> File:
    found = files.filter(pk=file_id).first()
    if found is None:
        raise NotFound
    return found


# For how long the trash keeps a file.


def trash_cutoff() -> datetime:
    """Return the moment before which what was deleted is kept no longer."""
    return timezone.now() - _trash_retention()


def purge_time(deleted_at: datetime) -> datetime:
    """Return when a file that was deleted then is purged."""
    return deleted_at + _trash_retention()


def _trash_retention() -> timedelta:
    return timedelta(seconds=settings.TRASH_SECONDS)
