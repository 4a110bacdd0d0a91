"""State transitions of uploads. The row is created first, then the object, then the file.

The database and the store do not commit together, so the row decides: only the process that moved
it out of ``pending`` acts on the outcome. The transaction that creates the version moves the row to
``ready``. An abandoned upload moves to ``failed`` first, and its objects are deleted after
the commit. If the process is killed in between, ``clean_up_due`` finishes its work.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from uuid6 import uuid7

from accounts.models import User
from accounts.users.queries import user_actor
from audit.services import Target, record
from core.problems import StorageUnavailable
from files.models import Upload
from files.problems import QuotaExceeded, UploadEnded
from files.quota import release_reservation, reserve
from files.uploads.user_limits import DIRECT_STRATEGIES, check_user_limits
from tenants.work_queue import notify_workers

PENDING, READY = Upload.State.PENDING, Upload.State.READY
# The step by which the reservation of an upload through the backend grows.
RESERVATION_STEP_BYTES = 64 * 1024 * 1024
INTERRUPT_BATCH_SIZE = 500
VERIFY_CHANNEL = "aggios_verify"
ABANDONED_MESSAGE = "The upload took too long and was given up; send the file again."


def upload_target(upload: Upload) -> Target:
    """Return an upload as an audit target."""
    return Target("upload", str(upload.id), upload.name)


def reserve_upload(
    *, user: User, size: int | None = None, expected: int = 0, **fields: object
) -> Upload:
    """Create the row of a new upload, choose its object name and reserve its bytes.

    It reserves ``size``, or ``expected`` if the size is unknown; ``extend_reservation`` adds to
    that. The object name holds an id and nothing from the client. The version gets the same id;
    which file it belongs to is known only once the content is complete.

    Raises: QuotaExceeded, TooManyUploads.
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


def extend_reservation(upload: Upload, size: int) -> None:
    """Reserve quota for ``size`` bytes of an upload whose final size is unknown.

    It reserves more than is needed now, so that a large file needs few updates; near the limit, it
    reserves exactly ``size``. Raises: QuotaExceeded.
    """
    if size <= upload.reserved_bytes:
        return
    try:
        _set_reservation(upload, max(size, upload.reserved_bytes + RESERVATION_STEP_BYTES))
    except QuotaExceeded:
        _set_reservation(upload, size)


def save_multipart_id(upload: Upload, multipart_id: str) -> None:
    """Save the id that the store gave to a multipart upload."""
    upload.multipart_id = multipart_id
    upload.save(update_fields=["multipart_id"])


def require_pending(upload: Upload) -> None:
    """Raise unless the upload can still become a file. Raises: UploadEnded (with the reason)."""
    if upload.state != PENDING:
        raise UploadEnded(members={"reason": upload.reason})


def schedule_verification(upload: Upload, *, user: User) -> None:
    """Queue a complete upload for its verification in the background.

    Concurrent calls queue it once. An upload that has ended in between is left as it is.
    """
    with transaction.atomic():
        rows = Upload.objects.filter(pk=upload.pk, state=PENDING, verify_at=None)
        if not rows.update(verify_at=timezone.now()):
            return
        record("upload.received", actor=user_actor(user), target=upload_target(upload))
        notify_workers(VERIFY_CHANNEL)


def mark_ready(upload: Upload) -> None:
    """Move a pending upload to ``ready``, in the transaction that creates its version.

    The row stays locked until that transaction ends. ``quota.commit_reservation`` turns the
    reservation into usage. Raises: StorageUnavailable (if the upload has ended).
    """
    rows = Upload.objects.filter(pk=upload.pk, state=PENDING)
    if not rows.update(state=READY):
        raise StorageUnavailable(ABANDONED_MESSAGE)
    upload.state = READY


def mark_failed(ids: list[uuid.UUID], reason: str) -> list[uuid.UUID]:
    """Move the pending ones of these uploads to ``failed`` and release their reservations.

    Return their ids; their objects are still to be deleted.
    """
    with transaction.atomic():
        rows = Upload.objects.filter(pk__in=ids, state=PENDING).order_by("pk")
        reservations = dict(rows.select_for_update().values_list("pk", "reserved_bytes"))
        failed = Upload.objects.filter(pk__in=reservations)
        failed.update(state=Upload.State.FAILED, reason=reason)
        for reserved in reservations.values():
            release_reservation(reserved)
    return list(reservations)


def interrupt_uploads() -> int:
    """Fail all pending uploads of the tenant; return how many.

    For a tenant restored from an archive, which holds no uploaded parts: earlier presigned URLs
    name other objects. ``clean_up_due`` deletes what was sent in between.
    """
    count = 0
    pending = Upload.objects.filter(state=PENDING).order_by("pk")
    while ids := list(pending.values_list("pk", flat=True)[:INTERRUPT_BATCH_SIZE]):
        mark_failed(ids, Upload.Reason.INTERRUPTED)
        count += len(ids)
    return count


def _set_reservation(upload: Upload, size: int) -> None:
    with transaction.atomic():
        rows = Upload.objects.filter(pk=upload.pk, state=PENDING)
        if not rows.update(reserved_bytes=size):
            raise StorageUnavailable(ABANDONED_MESSAGE)
        reserve(size - upload.reserved_bytes, objects=0)
    upload.reserved_bytes = size
