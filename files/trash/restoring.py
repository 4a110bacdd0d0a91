"""Bringing a file back from the trash."""

import uuid

from django.db import transaction

from accounts.actors import user_actor
from accounts.models import User
from audit.services import record
from files.access import trashed_file
from files.filenames import validate_path
from files.models import File
from files.services import Precondition, file_target, save_with_unique_name


def restore_file(file_id: uuid.UUID, *, name: str | None, user: User, check: Precondition) -> File:
    """Make a file in the trash live again, with all its versions and under ``name`` if given.

    ``check`` sees the locked row first and may raise. Raises NotFound, ValidationFailed, and
    NameTaken if its owner has a live file of that name meanwhile.
    """
    wanted = None if name is None else validate_path(name, field="name")
    with transaction.atomic():
        file = trashed_file(user, file_id)
        check(file)
        before, file.deleted_at = file.name, None
        file.name = wanted or before
        save_with_unique_name(file, "name", "deleted_at")
        renamed = {} if file.name == before else {"before": before, "after": file.name}
        record("file.restored", actor=user_actor(user), target=file_target(file), **renamed)
        return file
