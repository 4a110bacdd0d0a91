"""Clean-up of uploads: failing those that became no file, and deleting their objects."""

import logging
from collections.abc import Mapping

from django.db import ProgrammingError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.users.queries import user_actor
from audit.services import record
from core.problems import StorageUnavailable
from files.models import Upload
from files.storage.deletion import delete_keys, purge_key
from files.uploads.objects import object_key, staging_key
from files.uploads.state import PENDING, READY, mark_failed, upload_target
from files.uploads.user_limits import find_unstarted

CLEANUP_BATCH_SIZE = 5
AUDIT_ACTIONS: Mapping[str, str] = {
    Upload.Reason.ABORTED: "upload.aborted",
    Upload.Reason.MISMATCH: "upload.refused",
}
SINGLE = Upload.Strategy.SINGLE

log = logging.getLogger(__name__)


def abandon(
    upload: Upload, reason: str = Upload.Reason.INTERRUPTED, *, user: User | None = None
) -> bool:
    """Fail a pending upload and delete its objects; return whether it was pending.

    An upload that is ready stays. If another transaction is creating the file, this waits for its
    commit on the row. If the store is unavailable, ``clean_up_due`` retries the deletion. ``user``
    is the actor for the audit trail, if there is one.
    """
    try:
        with transaction.atomic():
            failed = mark_failed([upload.pk], reason)
            if failed and user is not None:
                record(AUDIT_ACTIONS[reason], actor=user_actor(user), target=upload_target(upload))
    except ProgrammingError:
        # The tenant was deleted during the upload, so no row refers to the object.
        _purge_objects(upload)
        return True
    if failed:
        clean_up(upload)
    return bool(failed)


def clean_up(upload: Upload) -> None:
    """Delete the objects that an ended upload should not have, or leave it to be retried."""
    try:
        _purge_objects(upload)
    except StorageUnavailable:
        log.warning("upload_not_cleared", extra={"upload": str(upload.pk)})
        return
    _mark_cleared([upload])


def clean_up_many(uploads: list[Upload]) -> None:
    """Delete the objects of purged uploads, many in one request, or leave them to be retried."""
    try:
        delete_keys([key for upload in uploads for key in _keys_to_purge(upload)])
    except StorageUnavailable:
        log.warning("uploads_not_cleared", extra={"count": len(uploads)})
        return
    _mark_cleared(uploads)


def clean_up_due(limit: int = CLEANUP_BATCH_SIZE) -> int:
    """Finish up to ``limit`` uploads that failed or are late; return how many.

    That is: expired uploads, those without content at their start deadline, those whose objects the
    store did not delete, and staging objects that were sent again after their file was created.
    Called with each upload, so that an installation works without a cron job.
    """
    unstarted = find_unstarted(limit)
    with transaction.atomic():
        rows = due_for_cleanup().order_by("created_at")
        ids = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        ids += set(mark_failed([*ids, *unstarted], Upload.Reason.EXPIRED)) - set(ids)
    for upload in Upload.objects.filter(pk__in=ids):
        clean_up(upload)
    return len(ids)


def due_for_cleanup() -> QuerySet[Upload]:
    """Return the uploads that ``clean_up_due`` would finish now.

    A presigned URL can be written to until it expires, so a staging object is deleted once more
    after that. An upload that waits for its verification is not late
    (files/uploads/verification.py).
    """
    expired = Q(expires_at__lt=timezone.now())
    ended = Q(state__in=(Upload.State.FAILED, Upload.State.PURGED))
    late = Q(state=PENDING, verify_at=None) | Q(strategy=SINGLE)
    cleared_early = Q(strategy=SINGLE, cleared_at__lt=F("expires_at"))
    return Upload.objects.filter(
        Q(cleared_at=None) & (ended | expired & late) | expired & cleared_early
    )


def _mark_cleared(uploads: list[Upload]) -> None:
    """Set ``cleared_at`` on uploads whose objects were deleted.

    For an upload that was ready, only its staging object was deleted. If its file has been purged
    in between, the process that purged it sets ``cleared_at``.
    """
    ready = [upload.pk for upload in uploads if upload.state == READY]
    ended = [upload.pk for upload in uploads if upload.state != READY]
    rows = Upload.objects.filter(pk__in=ready, state=READY)
    rows |= Upload.objects.filter(pk__in=ended).exclude(state=READY)
    rows.update(cleared_at=timezone.now())


def _purge_objects(upload: Upload) -> None:
    for key in _keys_to_purge(upload):
        purge_key(key)


def _keys_to_purge(upload: Upload) -> list[str]:
    """Return the keys at which the store must have nothing of this upload."""
    keys = [staging_key(upload)] if upload.strategy == SINGLE else []
    if upload.state != READY:
        keys.append(object_key(upload))
    return keys
