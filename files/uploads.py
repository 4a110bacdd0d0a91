"""The life of an upload: a row first, then the object, then ``ready``; or nothing at all.

The database and the store do not commit together. The row's state is the arbiter: only the process
that moved it from ``pending`` may act on the outcome. Whoever keeps the file moves it to ``ready``
in the transaction that makes the version; whoever gives it up moves it to ``failed`` first and
clears the store then. If the process dies on the way, ``settle_some`` finishes its work.
"""

import logging
from datetime import timedelta

from django.db import ProgrammingError, transaction
from django.utils import timezone
from uuid6 import uuid7

from accounts.models import User
from core.problems import StorageUnavailable
from files.models import Upload
from files.storage import tenant_storage
from files.writing import clear

# A client may take hours over a large file. Whatever is pending longer than this is nobody's.
ABANDONED_AFTER = timedelta(hours=24)
SETTLED_AT_ONCE = 5

log = logging.getLogger(__name__)


def start_upload(*, user: User) -> Upload:
    """Write down that an object is about to be made, and under which name.

    The name holds an id and nothing that a client chose. The version that comes of the upload gets
    the same id; which file it will belong to is known only when all has arrived.
    """
    upload = Upload(id=uuid7(), created_by=user)
    upload.object_name = f"files/{upload.id}"
    upload.save(force_insert=True)
    return upload


def note_multipart(upload: Upload, multipart_id: str) -> None:
    """Write down the store's id of a multipart upload, for whoever asks how far it has come."""
    upload.multipart_id = multipart_id
    upload.save(update_fields=["multipart_id"])


def claim(upload: Upload) -> None:
    """Take a pending upload for the transaction that keeps its file. Raises StorageUnavailable.

    Call inside a transaction: the row stays locked until it ends.
    """
    rows = Upload.objects.filter(pk=upload.pk, state=Upload.State.PENDING)
    if not rows.update(state=Upload.State.READY):
        raise StorageUnavailable("The upload took too long and was given up; send the file again.")
    upload.state = Upload.State.READY


def give_up(upload: Upload) -> None:
    """Make sure that nothing stays of an upload that no version came of.

    Does nothing to one that is ready. If a transaction that keeps the file is being committed, this
    waits for its outcome on the row. When the store does not answer, ``settle_some`` tries again.
    """
    rows = Upload.objects.filter(pk=upload.pk, state=Upload.State.PENDING)
    try:
        given_up = rows.update(state=Upload.State.FAILED)
    except ProgrammingError:
        # The tenant was deleted while the bytes were on their way: no row can keep the object.
        clear(tenant_storage().key_of(upload.object_name))
        return
    if given_up:
        _clear(upload)


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
        Upload.objects.filter(pk__in=ids).update(state=Upload.State.FAILED)
    for upload in Upload.objects.filter(pk__in=ids):
        _clear(upload)
