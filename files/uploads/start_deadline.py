"""The start deadline of direct uploads: without a first byte they expire early.

A pending upload holds a reservation. One without content therefore ends after
``UPLOAD_START_SECONDS``, long before one whose bytes are being sent. Only the store knows whether
something was sent; it is asked once, at the deadline.
"""

import logging
import uuid

from django.db.models import QuerySet
from django.utils import timezone

from core.problems import StorageUnavailable
from files.models import Upload
from files.storage.bucket import head_object
from files.uploads.objects import list_parts, object_key, staging_key

log = logging.getLogger(__name__)


def past_start_deadline() -> QuerySet[Upload]:
    """Return the pending uploads that are past their start deadline."""
    late = Upload.objects.filter(state=Upload.State.PENDING, verify_at=None)
    return late.filter(start_by__lt=timezone.now())


def find_unstarted(limit: int) -> list[uuid.UUID]:
    """Return the ids of up to ``limit`` late uploads without content; confirm the others.

    Call it outside of a transaction. If the store is unavailable, the remaining uploads stay
    unchanged.
    """
    unstarted = []
    for upload in past_start_deadline().order_by("start_by")[:limit]:
        try:
            if not confirm_started(upload):
                unstarted.append(upload.pk)
        except StorageUnavailable:
            log.warning("upload_start_check_failed")
            break
    return unstarted


def confirm_started(upload: Upload) -> bool:
    """Return whether the store has content of an upload; if so, clear its start deadline.

    Raises: StorageUnavailable.
    """
    if upload.start_by is None:
        return True
    if not _has_bytes(upload):
        return False
    upload.start_by = None
    upload.save(update_fields=["start_by"])
    return True


def _has_bytes(upload: Upload) -> bool:
    if upload.strategy == Upload.Strategy.SINGLE:
        return (
            head_object(staging_key(upload)) is not None
            or head_object(object_key(upload)) is not None
        )
    return bool(list_parts(upload)) or head_object(object_key(upload)) is not None
