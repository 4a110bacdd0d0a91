"""Bringing an older version of a file back."""

import uuid

from django.db import transaction

from accounts.actors import user_actor
from accounts.models import User
from audit.services import record
from core.problems import NotFound
from files.access import writable_file
from files.models import File, FileVersion
from files.services import Precondition, file_target
from files.versions.adding import add_version


def restore_version(file_id: uuid.UUID, number: int, *, user: User, check: Precondition) -> File:
    """Make an older content of a file the newest one again, as a new version over the same object.

    Nothing is copied and the history only grows; the quota counts an object once. ``check`` sees
    the locked row first and may raise. Raises NotFound.
    """
    with transaction.atomic():
        file = writable_file(user, file_id)
        check(file)
        former = file.versions.filter(number=number).first()
        if former is None:
            raise NotFound
        version = _copy_version(former, user)
        add_version(file, version)
        record(
            "file.version_restored",
            actor=user_actor(user),
            target=file_target(file),
            version=version.number,
            restored_from=former.number,
        )
        return file


def _copy_version(former: FileVersion, user: User) -> FileVersion:
    return FileVersion(
        restored_from=former,
        object_name=former.object_name,
        size=former.size,
        sha256=former.sha256,
        content_type=former.content_type,
        created_by=user,
    )
