"""Versions of a file: listed, read, and restored. A version never changes."""

import uuid

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.users.queries import user_actor
from audit.services import record
from core.problems import NotFound
from files.models import File, FileVersion
from files.queries import readable_file, writable_file
from files.services import Precondition, add_version, file_target


def file_versions(file_id: uuid.UUID, *, user: User) -> QuerySet[FileVersion]:
    """Return the versions of a file that the user may read. Raises: NotFound."""
    file = readable_file(user, file_id)
    return FileVersion.objects.select_related("file", "restored_from").filter(file=file)


def readable_version(file_id: uuid.UUID, *, user: User, number: int | None) -> FileVersion:
    """Return one version of a file that the user may read, or the current one without a number.

    Raises: NotFound.
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
    """Return a version that is about to be downloaded, and write an audit event.

    ``by`` is how it is downloaded: "link" or "content". Raises: NotFound.
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


def restore_version(file_id: uuid.UUID, number: int, *, user: User, check: Precondition) -> File:
    """Make an older content of a file current again, as a new version over the same object.

    Nothing is copied and no version is replaced; the quota counts an object once. ``check`` gets
    the locked row first and may raise. Raises: NotFound.
    """
    with transaction.atomic():
        file = writable_file(user, file_id)
        check(file)
        source = file.versions.filter(number=number).first()
        if source is None:
            raise NotFound
        version = _copy_version(source, user)
        add_version(file, version)
        record(
            "file.version_restored",
            actor=user_actor(user),
            target=file_target(file),
            version=version.number,
            restored_from=source.number,
        )
        return file


def _copy_version(source: FileVersion, user: User) -> FileVersion:
    return FileVersion(
        restored_from=source,
        object_name=source.object_name,
        size=source.size,
        sha256=source.sha256,
        content_type=source.content_type,
        created_by=user,
    )
