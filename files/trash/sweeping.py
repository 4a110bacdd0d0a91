"""Purging all that is due in a tenant, for the housekeeper and for operators."""

from dataclasses import dataclass

from files.models import Upload
from files.trash.purging import files_due_for_purge, purge_due_files
from files.uploads.cleanup import clean_up_due

SWEEP_BATCH_SIZE = 500


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
