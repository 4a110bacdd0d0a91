"""Ending every upload that is under way, where their bytes cannot be any more."""

from files.models import Upload
from files.uploads.state import mark_failed

INTERRUPT_BATCH_SIZE = 500


def interrupt_uploads() -> int:
    """End what is pending and release what it had reserved; return how many there were.

    For a tenant that came out of an archive: its parts did not come along, and addresses that were
    signed before lead nowhere. ``settle_some`` takes out of the store what came there meanwhile.
    """
    count = 0
    pending = Upload.objects.filter(state=Upload.State.PENDING).order_by("pk")
    while ids := list(pending.values_list("pk", flat=True)[:INTERRUPT_BATCH_SIZE]):
        mark_failed(ids, Upload.Reason.INTERRUPTED)
        count += len(ids)
    return count
