"""The life of an upload: a row first, then the object, then ``ready``; or nothing at all.

The database and the store do not commit together. The row's state is the arbiter: only the process
that moved it from ``pending`` may act on the outcome. Whoever keeps the file moves it to ``ready``
in the transaction that makes the version; whoever gives it up moves it to ``failed`` first and
clears the store then. If the process dies on the way, ``settle_some`` finishes its work.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from uuid6 import uuid7

from accounts.models import User
from audit.services import Target
from core.problems import StorageUnavailable
from files.models import Upload
from files.problems import QuotaExceeded
from files.quota import release_reservation, reserve
from files.uploads.user_limits import DIRECT_STRATEGIES, check_user_limits

# By how much the reservation of an upload through the backend grows at a time.
RESERVATION_STEP_BYTES = 64 * 1024 * 1024


ABANDONED_MESSAGE = "The upload took too long and was given up; send the file again."


INTERRUPT_BATCH_SIZE = 500


def reserve_upload(
    *, user: User, size: int | None = None, expected: int = 0, **fields: object
) -> Upload:
    """Write down that an object is about to be made, under which name; reserve its bytes.

    Its ``size`` if that is known, else what is ``expected`` (``extend_reservation`` adds to it).

    The name holds an id and nothing that a client chose. The version that comes of the upload gets
    the same id; which file it will belong to is known only when all has arrived. Raises
    QuotaExceeded and TooManyUploads.
    """
    reserved = expected if size is None else size
    upload = Upload(id=uuid7(), created_by=user, size=size, reserved_bytes=reserved, **fields)
    upload.object_name = f"files/{upload.id}"
    now = timezone.now()
    upload.expires_at = now + timedelta(seconds=settings.UPLOAD_SECONDS)
    if upload.strategy in DIRECT_STRATEGIES:
        upload.start_by = now + timedelta(seconds=settings.UPLOAD_START_SECONDS)
    with transaction.atomic():
        reserve(upload.reserved_bytes)
        check_user_limits(upload, user=user)
        upload.save(force_insert=True)
    return upload


def save_multipart_id(upload: Upload, multipart_id: str) -> None:
    """Write down the store's id of a multipart upload, for whoever asks how far it has come."""
    upload.multipart_id = multipart_id
    upload.save(update_fields=["multipart_id"])


def extend_reservation(upload: Upload, size: int) -> None:
    """Reserve room for ``size`` bytes of an upload whose size nobody knows before its end.

    Some more than is needed now, so that a large file asks seldom; where that does not fit any
    more, just what is needed. Raises QuotaExceeded.
    """
    if size <= upload.reserved_bytes:
        return
    try:
        _set_reservation(upload, max(size, upload.reserved_bytes + RESERVATION_STEP_BYTES))
    except QuotaExceeded:
        _set_reservation(upload, size)


def _set_reservation(upload: Upload, size: int) -> None:
    with transaction.atomic():
        rows = Upload.objects.filter(pk=upload.pk, state=Upload.State.PENDING)
        if not rows.update(reserved_bytes=size):
            raise StorageUnavailable(ABANDONED_MESSAGE)
        reserve(size - upload.reserved_bytes, objects=0)
    upload.reserved_bytes = size


def mark_ready(upload: Upload) -> None:
    """Take a pending upload for the transaction that keeps its file. Raises StorageUnavailable.

    Call inside a transaction: the row stays locked until it ends. The reservation is still held:
    ``quota.keep`` turns it into use.
    """
    rows = Upload.objects.filter(pk=upload.pk, state=Upload.State.PENDING)
    if not rows.update(state=Upload.State.READY):
        raise StorageUnavailable(ABANDONED_MESSAGE)
    upload.state = Upload.State.READY


def mark_failed(ids: list[uuid.UUID], reason: str) -> list[uuid.UUID]:
    """Move those of the uploads that are pending to ``failed`` and release what they reserved.

    Returns which they were; the store has still to be cleared of them.
    """
    with transaction.atomic():
        rows = Upload.objects.filter(pk__in=ids, state=Upload.State.PENDING).order_by("pk")
        found = dict(rows.select_for_update().values_list("pk", "reserved_bytes"))
        Upload.objects.filter(pk__in=found).update(state=Upload.State.FAILED, reason=reason)
        for reserved in found.values():
            release_reservation(reserved)
    return list(found)


def upload_target(upload: Upload) -> Target:
    """Return an upload as an audit target."""
    return Target("upload", str(upload.id), upload.name)


# Ending every upload that is under way, where their bytes cannot be any more.


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
