"""Operations on many files at once: deleted, restored, purged. Each call does all or nothing.

The permissions are those of single files, and each file gets the same audit event. Rows are locked
in the order of their ids, so two calls cannot deadlock.
"""

import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.users.queries import user_actor
from audit.services import Target, record_many
from core.problems import FieldError, NotFound, ValidationFailed
from files.models import File, Upload
from files.problems import NameTaken, TooManyFiles
from files.queries import writable_files, writable_trashed_files
from files.services import file_target
from files.trash import purge_due_files, purge_locked
from files.uploads.cleanup import clean_up_many

FIELD = "files"
# A store with versioning needs a request for each object. Without a bound, a purge of a thousand
# files would take longer than a request may.
CLEAN_UP_NOW = 200
EMPTY_BATCH_SIZE = 500


def trash_files(file_ids: Sequence[uuid.UUID], *, user: User) -> list[File]:
    """Move files to the trash; return them in the order of their ids.

    Raises: ValidationFailed (without files), TooManyFiles, NotFound (``files.N`` for each file that
    the user may not change).
    """
    with transaction.atomic():
        files = _locked(writable_files(user), file_ids)
        _update(files, deleted_at=timezone.now())
        _record("file.deleted", files, user)
    purge_due_files()
    return files


def restore_files(file_ids: Sequence[uuid.UUID], *, user: User) -> list[File]:
    """Restore files from the trash under their names.

    Raises: as ``trash_files``; NameTaken (``files.N`` for each file whose owner has a live file of
    that name, or two of these).
    """
    with transaction.atomic():
        files = _locked(writable_trashed_files(user), file_ids)
        _require_free_names(files)
        try:
            with transaction.atomic():
                _update(files, deleted_at=None)
        except IntegrityError as exc:  # another transaction took a name after the query
            raise NameTaken(errors=[FieldError(FIELD, "taken", NameTaken.title)]) from exc
        _record("file.restored", files, user)
    return files


def purge_files(file_ids: Sequence[uuid.UUID], *, user: User) -> int:
    """Purge files in the trash for ever, with their versions and shares; return how many.

    The objects of the first CLEAN_UP_NOW versions are deleted at once, the others by the next
    clean-up.

    Raises: as ``trash_files``.
    """
    with transaction.atomic():
        files = _locked(writable_trashed_files(user), file_ids)
        count, purged = len(files), purge_locked(files, user_actor(user))
    clean_up_many(purged[:CLEAN_UP_NOW])
    return count


def empty_trash(*, user: User) -> int:
    """Purge all files in the trash that the user may change; return how many.

    Each batch is a transaction of its own. Objects are deleted as by ``purge_files``.
    """
    total, first = _purge_batch(user)
    count = total
    while count:
        count, _ = _purge_batch(user)
        total += count
    clean_up_many(first[:CLEAN_UP_NOW])
    return total


def _purge_batch(user: User) -> tuple[int, list[Upload]]:
    """Purge some files; return how many, and their uploads."""
    with transaction.atomic():
        files = list(writable_trashed_files(user).order_by("pk")[:EMPTY_BATCH_SIZE])
        return len(files), purge_locked(files, user_actor(user)) if files else []


def _locked(rows: QuerySet[File], file_ids: Sequence[uuid.UUID]) -> list[File]:
    """Return the files, locked, in the order of their ids in the call."""
    wanted = list(dict.fromkeys(file_ids))
    if not wanted:
        raise ValidationFailed(errors=[FieldError(FIELD, "required", "Choose a file.")])
    if len(wanted) > settings.FILES_BULK_MAX:
        raise TooManyFiles(members={"limit": settings.FILES_BULK_MAX})
    found = {file.pk: file for file in rows.filter(pk__in=wanted).order_by("pk")}
    missing = [index for index, file_id in enumerate(wanted) if file_id not in found]
    if missing:
        raise NotFound(errors=_errors(missing, "not_found", "There is no such file."))
    return [found[file_id] for file_id in wanted]


def _require_free_names(files: Sequence[File]) -> None:
    names = {file.name for file in files}
    live = File.objects.filter(deleted_at=None, name__in=names)
    taken = set(live.values_list("owner_id", "name"))
    refused = []
    for index, file in enumerate(files):
        if (file.owner_id, file.name) in taken:
            refused.append(index)
        taken.add((file.owner_id, file.name))
    if refused:
        raise NameTaken(errors=_errors(refused, "taken", NameTaken.title))


def _errors(places: Sequence[int], code: str, detail: str) -> list[FieldError]:
    return [FieldError(f"{FIELD}.{index}", code, detail) for index in places]


def _update(files: Sequence[File], **changes: object) -> None:
    changes["updated_at"] = timezone.now()
    File.objects.filter(pk__in=[file.pk for file in files]).update(**changes)
    for file in files:
        for name, value in changes.items():
            setattr(file, name, value)


def _record(action: str, files: Sequence[File], user: User) -> None:
    events: list[tuple[Target, dict[str, object]]] = [(file_target(file), {}) for file in files]
    record_many(action, actor=user_actor(user), events=events)
