"""Uploads straight to the store to which nothing has been sent yet.

They hold a reservation, so they end after ``UPLOAD_START_SECONDS``, long before those whose bytes
are on their way. Only the store knows whether something was sent; it is asked once, when that time
is over.
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
    """Return the pending uploads of which something should have arrived by now."""
    late = Upload.objects.filter(state=Upload.State.PENDING, verify_at=None)
    return late.filter(start_by__lt=timezone.now())


def find_unstarted(at_once: int) -> list[uuid.UUID]:
    """Return those of a few late uploads of which the store has nothing; let the others go on.

    Call it outside of a transaction. When the store does not answer, what was not looked at stays
    as it is.
    """
    found = []
    for upload in past_start_deadline().order_by("start_by")[:at_once]:
        try:
            if not confirm_started(upload):
                found.append(upload.pk)
        except StorageUnavailable:
            log.warning("upload_start_check_failed")
            break
    return found


def confirm_started(upload: Upload) -> bool:
    """Tell whether something of an upload has arrived; if so, it is not asked again.

    Raises StorageUnavailable.
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
