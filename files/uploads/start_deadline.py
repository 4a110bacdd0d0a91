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
from files.storage.bucket import head
from files.uploads.landing import landing_key
from files.uploads.objects import key_of, stored_parts

log = logging.getLogger(__name__)


def to_look_at() -> QuerySet[Upload]:
    """Return the pending uploads of which something should have arrived by now."""
    late = Upload.objects.filter(state=Upload.State.PENDING, verify_at=None)
    return late.filter(start_by__lt=timezone.now())


def unstarted(at_once: int) -> list[uuid.UUID]:
    """Return those of a few late uploads of which the store has nothing; let the others go on.

    Call it outside of a transaction. When the store does not answer, what was not looked at stays
    as it is.
    """
    found = []
    for upload in to_look_at().order_by("start_by")[:at_once]:
        try:
            if not ensure_started(upload):
                found.append(upload.pk)
        except StorageUnavailable:
            log.warning("uploads_not_looked_at")
            break
    return found


def ensure_started(upload: Upload) -> bool:
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
        return head(landing_key(upload)) is not None or head(key_of(upload)) is not None
    return bool(stored_parts(upload)) or head(key_of(upload)) is not None
