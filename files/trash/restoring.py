"""Bringing a file back from the trash."""

import uuid

from django.db import transaction

from accounts.actors import actor_of
from accounts.models import User
from audit.services import record
from files.access import trashed_file
from files.filenames import checked_path
from files.models import File
from files.services import Check, save_unless_taken, target_of


def untrash_file(file_id: uuid.UUID, *, name: str | None, user: User, check: Check) -> File:
    """Make a file in the trash live again, with all its versions and under ``name`` if given.

    ``check`` sees the locked row first and may raise. Raises NotFound, ValidationFailed, and
    NameTaken if its owner has a live file of that name meanwhile.
    """
    wanted = None if name is None else checked_path(name, field="name")
    with transaction.atomic():
        file = trashed_file(user, file_id)
        check(file)
        before, file.deleted_at = file.name, None
        file.name = wanted or before
        save_unless_taken(file, "name", "deleted_at")
        renamed = {} if file.name == before else {"before": before, "after": file.name}
        record("file.restored", actor=actor_of(user), target=target_of(file), **renamed)
        return file
