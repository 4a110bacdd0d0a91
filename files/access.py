"""The only doors to files: who may see and change which.

A member sees and changes their own files; owners and administrators of the tenant see and change
all. What somebody may not see does not exist for them: NotFound, never a refusal.
"""

import uuid

from django.db.models import QuerySet

from accounts.models import User
from core.problems import NotFound
from files.models import File


def readable_files(user: User) -> QuerySet[File]:
    """Return the live files that a person may see, each with its current version."""
    live = File.objects.select_related("current").filter(deleted_at__isnull=True)
    return live if user.manages else live.filter(owner=user)


def readable_file(user: User, file_id: uuid.UUID) -> File:
    """Return a file that a person may see. Raises NotFound."""
    return _one(readable_files(user), file_id)


def writable_file(user: User, file_id: uuid.UUID) -> File:
    """Return a file that a person may change, locked until the transaction ends.

    Raises NotFound. Who may see a file may change it; the rule can be narrowed here.
    """
    return _one(readable_files(user).select_for_update(of=("self",)), file_id)


def _one(files: QuerySet[File], file_id: uuid.UUID) -> File:
    found = files.filter(pk=file_id).first()
    if found is None:
        raise NotFound
    return found
