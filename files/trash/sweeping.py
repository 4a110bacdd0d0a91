"""Purging all that is due in a tenant, for the housekeeper and for operators."""

from dataclasses import dataclass

from files.models import Upload
from files.trash.purging import due_files, purge_due
from files.uploads.cleanup import settle_some

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Swept:
    """Files that were purged or would be, and objects that the store has still to let go."""

    files: int
    left_in_store: int


def count_due() -> Swept:
    """Count what ``sweep`` would purge in the tenant that the code runs in."""
    return Swept(due_files().count(), _left())


def sweep() -> Swept:
    """Purge what is due in the tenant that the code runs in, then ask the store once more."""
    purged = 0
    while found := purge_due(AT_ONCE):
        purged += found
    settle_some(AT_ONCE)
    return Swept(purged, _left())


def _left() -> int:
    ended = Upload.objects.exclude(state__in=(Upload.State.PENDING, Upload.State.READY))
    return ended.filter(cleared_at=None).count()
