"""Ending files in the trash for good.

One transaction deletes the rows, gives back what they took of the quota and writes down which
objects the store has to let go; they are taken out after its commit. What the store does not clear
then, ``settle_some`` tries again.
"""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from accounts.actors import user_actor
from accounts.models import User
from audit.services import SYSTEM, Actor, record
from files.filenames import validate_path
from files.models import File, FileVersion, Upload
from files.queries import trash_cutoff, trashed_file
from files.quota import ensure_balance, release_usage
from files.services import Precondition, file_target, save_with_unique_name
from files.uploads.cleanup import clean_up_due, clean_up_many

PURGE_BATCH_SIZE = 3


SWEEP_BATCH_SIZE = 500


def purge_file(file_id: uuid.UUID, *, user: User, check: Precondition) -> None:
    """End a file in the trash now. ``check`` sees the locked row first. Raises NotFound."""
    with transaction.atomic():
        file = trashed_file(user, file_id)
        check(file)
        unwanted = _purge(file, user_actor(user))
    clean_up_many(unwanted)


def files_due_for_purge() -> QuerySet[File]:
    """Return the files that have been in the trash for longer than they are kept."""
    return File.objects.filter(deleted_at__lte=trash_cutoff())


def purge_due_files(at_once: int = PURGE_BATCH_SIZE) -> int:
    """End a few files whose time in the trash is over; return how many.

    Called before a file is taken in and after one is deleted, so that nobody has to remember a cron
    job. What somebody else is purging is left to them.
    """
    purged = 0
    while purged < at_once and (unwanted := _purge_oldest()) is not None:
        clean_up_many(unwanted)
        purged += 1
    return purged


def _purge_oldest() -> list[Upload] | None:
    with transaction.atomic():
        rows = files_due_for_purge().order_by("deleted_at", "pk")
        file = rows.select_for_update(skip_locked=True).first()
        return None if file is None else _purge(file, SYSTEM)


def _purge(file: File, actor: Actor) -> list[Upload]:
    """Delete a locked file with its versions and shares; return what the store has to let go."""
    ensure_balance()
    target, count = file_target(file), file.versions.count()
    # A restored version shares its object with the one that it was made of.
    own = list(FileVersion.objects.filter(file=file, restored_from=None))
    unwanted = _mark_objects_purged(own)
    file.delete()
    size = sum(version.size for version in own)
    release_usage(size, len(own))
    record("file.purged", actor=actor, target=target, versions=count, size=size)
    return unwanted


def _mark_objects_purged(versions: list[FileVersion]) -> list[Upload]:
    """Say of each object that it is to go, and forget what its sender had called it.

    A copied or restored tenant has no row of it yet.
    """
    named = {version.object_name: version for version in versions}
    rows = Upload.objects.filter(object_name__in=named)
    rows.update(state=Upload.State.PURGED, cleared_at=None, name="")
    there = set(rows.values_list("object_name", flat=True))
    Upload.objects.bulk_create(
        Upload(
            id=version.id,
            object_name=name,
            state=Upload.State.PURGED,
            size=version.size,
            created_by_id=version.created_by_id,
        )
        for name, version in named.items()
        if name not in there
    )
    return list(rows.all())


# Bringing a file back from the trash.
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


# Purging all that is due in a tenant, for the housekeeper and for operators.


@dataclass(frozen=True, slots=True)
class SweepResult:
    """Files that were purged or would be, and objects that the store has still to let go."""

    files: int
    left_in_store: int


def count_due_for_purge() -> SweepResult:
    """Count what ``sweep_trash`` would purge in the tenant that the code runs in."""
    return SweepResult(files_due_for_purge().count(), _count_not_cleared())


def sweep_trash() -> SweepResult:
    """Purge what is due in the tenant that the code runs in, then ask the store once more."""
    purged = 0
    while found := purge_due_files(SWEEP_BATCH_SIZE):
        purged += found
    clean_up_due(SWEEP_BATCH_SIZE)
    return SweepResult(purged, _count_not_cleared())


def _count_not_cleared() -> int:
    ended = Upload.objects.exclude(state__in=(Upload.State.PENDING, Upload.State.READY))
    return ended.filter(cleared_at=None).count()
