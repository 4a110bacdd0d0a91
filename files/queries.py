"""Access rules of files: every query for rows of ``File`` starts here.

A member reads and changes their own files; owners and administrators of the tenant read and change
all of them. A file that a user may not read is reported as NotFound, never as forbidden.
"""

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


def readable_files(user: User) -> QuerySet[File]:
    """Return the live files that the user may read, with their current versions."""
    return _accessible_files(user).filter(deleted_at__isnull=True)


def find_files(user: User, *, search: str = "") -> QuerySet[File]:
    """Return the readable files whose name contains ``search``, ignoring case.

    Raises: ValidationFailed (for a search that no name can contain).
    """
    term, files = validate_search(search), readable_files(user)
    return files.filter(name__folded_contains=term) if term else files


def trashed_files(user: User) -> QuerySet[File]:
    """Return the files in the trash that the user may read, with their current versions.

    A file past its retention is left out, whether it is purged already or not.
    """
    return _accessible_files(user).filter(deleted_at__gt=trash_cutoff())


def readable_file(user: User, file_id: uuid.UUID) -> File:
    """Return a live file that the user may read. Raises: NotFound."""
    return _get_file(readable_files(user), file_id)


def writable_file(user: User, file_id: uuid.UUID) -> File:
    """Return a file that the user may change, locked until the transaction ends.

    Read access implies write access today; the rule can be narrowed here. Raises: NotFound.
    """
    return _get_file(writable_files(user), file_id)


def writable_files(user: User) -> QuerySet[File]:
    """Return the live files that the user may change, to be locked when they are read."""
    return _for_update(readable_files(user))


def writable_trashed_files(user: User) -> QuerySet[File]:
    """Return the files in the trash that the user may change, to be locked when they are read."""
    return _for_update(trashed_files(user))


def trashed_file(user: User, file_id: uuid.UUID) -> File:
    """Return a file in the trash, locked until the transaction ends. Raises: NotFound."""
    return _get_file(writable_trashed_files(user), file_id)


def trash_cutoff() -> datetime:
    """Return the deletion time before which files are past their retention."""
    return timezone.now() - _trash_retention()


def purge_time(deleted_at: datetime) -> datetime:
    """Return when a file deleted at that time is due for its purge."""
    return deleted_at + _trash_retention()


def _trash_retention() -> timedelta:
    return timedelta(seconds=settings.TRASH_SECONDS)


def owner_filter(user: User) -> uuid.UUID | None:
    """Return the owner whose files the user may read, None for all owners; for SQL."""
    return None if user.manages else user.pk


def _accessible_files(user: User) -> QuerySet[File]:
    files, owner = File.objects.select_related("current"), owner_filter(user)
    return files if owner is None else files.filter(owner_id=owner)


def _for_update(files: QuerySet[File]) -> QuerySet[File]:
    # Without the join: after waiting for a row lock, PostgreSQL re-checks the row against the
    # version joined before. A file that got a new version in between would seem to be missing
    # (PostgreSQL manual, 13.2.1).
    return files.select_related(None).select_for_update()


def _get_file(files: QuerySet[File], file_id: uuid.UUID) -> File:
    file = files.filter(pk=file_id).first()
    if file is None:
        raise NotFound
    return file
