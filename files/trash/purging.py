"""Ending files in the trash for good.

One transaction deletes the rows, gives back what they took of the quota and writes down which
objects the store has to let go; they are taken out after its commit. What the store does not clear
then, ``settle_some`` tries again.
"""

import uuid

from django.db import transaction
from django.db.models import QuerySet

from accounts.actors import user_actor
from accounts.models import User
from audit.services import SYSTEM, Actor, record
from files.access import trashed_file
from files.models import File, FileVersion, Upload
from files.quota import ensure_balance, release_usage
from files.services import Precondition, file_target
from files.trash.period import trash_cutoff
from files.uploads.cleanup import clean_up_many

PURGE_BATCH_SIZE = 3


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
