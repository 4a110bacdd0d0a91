"""The trash: deleted files are restored, or purged for ever.

A purge is one transaction: it deletes the rows, releases their quota usage and marks the objects
for deletion. The objects are deleted after its commit. What the store does not delete then is
retried by ``clean_up_due``.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import BigIntegerField, Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from accounts.users.queries import user_actor
from audit.services import SYSTEM, Actor, Target, record, record_many
from files.filenames import validate_path
from files.models import File, FileVersion, Upload
from files.queries import trash_cutoff, trashed_file
from files.quota import ensure_balance, release_usage
from files.services import Precondition, file_target, save_with_unique_name
from files.uploads.cleanup import clean_up_due, clean_up_many

PURGE_BATCH_SIZE = 3
SWEEP_BATCH_SIZE = 500


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The number of purged files, and of objects that the store has not deleted yet."""

    files: int
    left_in_store: int


def restore_file(file_id: uuid.UUID, *, name: str | None, user: User, check: Precondition) -> File:
    """Restore a file from the trash with all its versions, under ``name`` if given.

    ``check`` gets the locked row first and may raise. Raises: NotFound, ValidationFailed, NameTaken
    (if its owner has a live file of that name).
    """
    new_name = None if name is None else validate_path(name, field="name")
    with transaction.atomic():
        file = trashed_file(user, file_id)
        check(file)
        before, file.deleted_at = file.name, None
        file.name = new_name or before
        save_with_unique_name(file, "name", "deleted_at")
        renamed = {} if file.name == before else {"before": before, "after": file.name}
        record("file.restored", actor=user_actor(user), target=file_target(file), **renamed)
        return file


def purge_file(file_id: uuid.UUID, *, user: User, check: Precondition) -> None:
    """Purge a file in the trash now. ``check`` gets the locked row first. Raises: NotFound."""
    with transaction.atomic():
        file = trashed_file(user, file_id)
        check(file)
        purged = purge_locked([file], user_actor(user))
    clean_up_many(purged)


def files_due_for_purge() -> QuerySet[File]:
    """Return the files in the trash that are past their retention."""
    return File.objects.filter(deleted_at__lte=trash_cutoff())


def purge_due_files(limit: int = PURGE_BATCH_SIZE) -> int:
    """Purge up to ``limit`` files past their retention; return how many were purged.

    Called before each upload and after each deletion, so that an installation works without a cron
    job. Files that another process is purging are skipped.
    """
    count = 0
    while count < limit and (purged := _purge_oldest()) is not None:
        clean_up_many(purged)
        count += 1
    return count


def count_due_for_purge() -> SweepResult:
    """Count what ``sweep_trash`` would purge in the current tenant."""
    return SweepResult(files_due_for_purge().count(), _count_not_cleared())


def sweep_trash() -> SweepResult:
    """Purge all due files of the current tenant, then retry objects that are still stored."""
    count = 0
    while purged := purge_due_files(SWEEP_BATCH_SIZE):
        count += purged
    clean_up_due(SWEEP_BATCH_SIZE)
    return SweepResult(count, _count_not_cleared())


def _count_not_cleared() -> int:
    ended = Upload.objects.exclude(state__in=(Upload.State.PENDING, Upload.State.READY))
    return ended.filter(cleared_at=None).count()


def _purge_oldest() -> list[Upload] | None:
    with transaction.atomic():
        rows = files_due_for_purge().order_by("deleted_at", "pk")
        file = rows.select_for_update(skip_locked=True).first()
        return None if file is None else purge_locked([file], SYSTEM)


def purge_locked(files: Sequence[File], actor: Actor) -> list[Upload]:
    """Delete locked files with their versions and shares; return the uploads to clean up.

    The caller's transaction deletes the rows; ``clean_up_many`` then deletes the objects.
    """
    ensure_balance()
    events = _purge_events(files)
    versions = FileVersion.objects.filter(file__in=[file.pk for file in files])
    # A restored version shares the object of the version that it was restored from.
    own = list(versions.filter(restored_from=None))
    purged = _mark_objects_purged(own)
    File.objects.filter(pk__in=[file.pk for file in files]).delete()
    release_usage(sum(version.size for version in own), len(own))
    record_many("file.purged", actor=actor, events=events)
    return purged


def _purge_events(files: Sequence[File]) -> list[tuple[Target, dict[str, int]]]:
    """Return the target of each file, with the number of its versions and the size of its own."""
    own_size = Coalesce(
        Sum("size", filter=Q(restored_from=None)), 0, output_field=BigIntegerField()
    )
    versions = FileVersion.objects.filter(file__in=[file.pk for file in files])
    rows = versions.order_by().values_list("file").annotate(count=Count("pk"), size=own_size)
    totals = {file_id: {"versions": count, "size": size} for file_id, count, size in rows}
    return [(file_target(file), totals[file.pk]) for file in files]


def _mark_objects_purged(versions: list[FileVersion]) -> list[Upload]:
    """Mark the uploads of these versions as purged and clear their client-supplied names.

    A cloned or restored tenant has no upload rows for its objects, so missing ones are created.
    """
    by_name = {version.object_name: version for version in versions}
    rows = Upload.objects.filter(object_name__in=by_name)
    rows.update(state=Upload.State.PURGED, cleared_at=None, name="")
    existing = set(rows.values_list("object_name", flat=True))
    Upload.objects.bulk_create(
        Upload(
            id=version.id,
            object_name=name,
            state=Upload.State.PURGED,
            size=version.size,
            created_by_id=version.created_by_id,
        )
        for name, version in by_name.items()
        if name not in existing
    )
    return list(rows.all())
