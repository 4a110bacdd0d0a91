"""The life of an upload: a row first, then the object, then ``ready``; or nothing at all.

The database and the store do not commit together. The row's state is the arbiter: only the process
that moved it from ``pending`` may act on the outcome. Whoever keeps the file moves it to ``ready``
in the transaction that makes the version; whoever gives it up moves it to ``failed`` first and
clears the store then. If the process dies on the way, ``settle_some`` finishes its work.
"""

import logging
import uuid
from datetime import timedelta

from django.db import ProgrammingError, transaction
from django.utils import timezone
from uuid6 import uuid7

from accounts.models import User
from core.problems import StorageUnavailable
from files.models import Upload
from files.problems import QuotaExceeded
from files.quota import release, reserve
from files.storage import tenant_storage
from files.writing import clear

# A client may take hours over a large file. Whatever is pending longer than this is nobody's.
ABANDONED_AFTER = timedelta(hours=24)
SETTLED_AT_ONCE = 5
# By how much the reservation of an upload through the backend grows at a time.
STEP_BYTES = 64 * 1024 * 1024
GIVEN_UP = "The upload took too long and was given up; send the file again."

log = logging.getLogger(__name__)


def start_upload(*, user: User) -> Upload:
    """Write down that an object is about to be made, and under which name.

    The name holds an id and nothing that a client chose. The version that comes of the upload gets
    the same id; which file it will belong to is known only when all has arrived.
    """
    upload = Upload(id=uuid7(), created_by=user)
    upload.object_name = f"files/{upload.id}"
    with transaction.atomic():
        reserve(0)
        upload.save(force_insert=True)
    return upload


def cover(upload: Upload, size: int) -> None:
    """Reserve room for ``size`` bytes of an upload whose size nobody knows before its end.

    Some more than is needed now, so that a large file asks seldom; where that does not fit any
    more, just what is needed. Raises QuotaExceeded.
    """
    if size <= upload.reserved_bytes:
        return
    try:
        _extend(upload, max(size, upload.reserved_bytes + STEP_BYTES))
    except QuotaExceeded:
        _extend(upload, size)


def _extend(upload: Upload, size: int) -> None:
    with transaction.atomic():
        rows = Upload.objects.filter(pk=upload.pk, state=Upload.State.PENDING)
        if not rows.update(reserved_bytes=size):
            raise StorageUnavailable(GIVEN_UP)
        reserve(size - upload.reserved_bytes, objects=0)
    upload.reserved_bytes = size


def note_multipart(upload: Upload, multipart_id: str) -> None:
    """Write down the store's id of a multipart upload, for whoever asks how far it has come."""
    upload.multipart_id = multipart_id
    upload.save(update_fields=["multipart_id"])


def claim(upload: Upload) -> None:
    """Take a pending upload for the transaction that keeps its file. Raises StorageUnavailable.

    Call inside a transaction: the row stays locked until it ends. The reservation is still held:
    ``quota.keep`` turns it into use.
    """
    rows = Upload.objects.filter(pk=upload.pk, state=Upload.State.PENDING)
    if not rows.update(state=Upload.State.READY):
        raise StorageUnavailable(GIVEN_UP)
    upload.state = Upload.State.READY


def give_up(upload: Upload) -> None:
    """Make sure that nothing stays of an upload that no version came of.

    Does nothing to one that is ready. If a transaction that keeps the file is being committed, this
    waits for its outcome on the row. When the store does not answer, ``settle_some`` tries again.
    """
    try:
        given_up = fail([upload.pk])
    except ProgrammingError:
        # The tenant was deleted while the bytes were on their way: no row can keep the object.
        clear(tenant_storage().key_of(upload.object_name))
        return
    if given_up:
        _clear(upload)


def fail(ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """Move those of the uploads that are pending to ``failed`` and release what they reserved.

    Returns which they were; the store has still to be cleared of them.
    """
    with transaction.atomic():
        rows = Upload.objects.filter(pk__in=ids, state=Upload.State.PENDING).order_by("pk")
        found = list(rows.select_for_update().values_list("pk", "reserved_bytes"))
        Upload.objects.filter(pk__in=[pk for pk, _ in found]).update(
            state=Upload.State.FAILED, reserved_bytes=0
        )
        for _, reserved in found:
            release(reserved)
    return [pk for pk, _ in found]


def _clear(upload: Upload) -> None:
    try:
        clear(tenant_storage().key_of(upload.object_name))
    except StorageUnavailable:
        log.warning("upload_not_cleared", extra={"upload": str(upload.pk)})
        return
    Upload.objects.filter(pk=upload.pk).update(cleared_at=timezone.now())


def settle_some() -> None:
    """Finish a few uploads that ended badly: abandoned ones, and those the store did not clear.

    Called with each file that was kept, so that nobody has to remember a cron job.
    """
    oldest = timezone.now() - ABANDONED_AFTER
    unsettled = Upload.objects.exclude(state=Upload.State.READY).filter(cleared_at=None)
    with transaction.atomic():
        rows = unsettled.exclude(state=Upload.State.PENDING, created_at__gte=oldest)
        locked = rows.select_for_update(skip_locked=True).order_by("created_at")
        ids = list(locked.values_list("pk", flat=True)[:SETTLED_AT_ONCE])
        fail(ids)
    for upload in Upload.objects.filter(pk__in=ids):
        _clear(upload)
