"""Reading the versions of a file."""

import uuid

from django.db import transaction
from django.db.models import QuerySet

from accounts.actors import user_actor
from accounts.models import User
from audit.services import record
from core.problems import NotFound
from files.access import readable_file
from files.models import FileVersion
from files.services import file_target


def file_versions(file_id: uuid.UUID, *, user: User) -> QuerySet[FileVersion]:
    """Return the versions of a file that a person may see. Raises NotFound."""
    file = readable_file(user, file_id)
    return FileVersion.objects.select_related("file", "restored_from").filter(file=file)


def readable_version(file_id: uuid.UUID, *, user: User, number: int | None) -> FileVersion:
    """Return a version of a file that a person may see, its current one without a number.

    Raises NotFound.
    """
    file = readable_file(user, file_id)
    if number in (None, file.current.number):
        file.current.file = file
        return file.current
    version = FileVersion.objects.filter(file=file, number=number).first()
    if version is None:
        raise NotFound
    version.file = file
    return version


def open_version(file_id: uuid.UUID, *, user: User, number: int | None, by: str) -> FileVersion:
    """Return a version whose bytes the person is about to get, and put that on record.

    ``by`` is the way they get them: "link" or "content". Raises NotFound.
    """
    with transaction.atomic():
        version = readable_version(file_id, user=user, number=number)
        record(
            "file.downloaded",
            actor=user_actor(user),
            target=file_target(version.file),
            version=version.number,
            by=by,
        )
        return version
