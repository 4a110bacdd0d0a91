"""Ending uploads that no file came of, and taking out of the store what nobody needs there."""

import logging
from collections.abc import Mapping

from django.db import ProgrammingError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.actors import user_actor
from accounts.models import User
from audit.services import record
from core.problems import StorageUnavailable
from files.models import Upload
from files.storage.deletion import delete_keys
from files.storage.writer import purge_key
from files.uploads.objects import object_key, staging_key
from files.uploads.start_deadline import find_unstarted
from files.uploads.state import mark_failed, upload_target

CLEANUP_BATCH_SIZE = 5
AUDIT_ACTIONS: Mapping[str, str] = {
    Upload.Reason.ABORTED: "upload.aborted",
    Upload.Reason.MISMATCH: "upload.refused",
}
FAILED, READY = Upload.State.FAILED, Upload.State.READY
SINGLE = Upload.Strategy.SINGLE

log = logging.getLogger(__name__)


def abandon(
    upload: Upload, reason: str = Upload.Reason.INTERRUPTED, *, by: User | None = None
) -> bool:
    """Make sure that nothing stays of an upload that no version came of; tell whether it was so.

    Does nothing to one that is ready. If a transaction that keeps the file is being committed, this
    waits for its outcome on the row. When the store does not answer, ``clean_up_due`` tries again.
    ``by`` is whose doing it is, for the audit trail.
    """
    try:
        with transaction.atomic():
            given_up = mark_failed([upload.pk], reason)
            if given_up and by is not None:
                record(AUDIT_ACTIONS[reason], actor=user_actor(by), target=upload_target(upload))
    except ProgrammingError:
        # The tenant was deleted while the bytes were on their way: no row can keep the object.
        _purge_objects(upload)
        return True
    if given_up:
        clean_up(upload)
    return bool(given_up)


def clean_up(upload: Upload) -> None:
    """Take out of the store what a settled upload should not have there, or leave it for later."""
    try:
        _purge_objects(upload)
    except StorageUnavailable:
        log.warning("upload_not_cleared", extra={"upload": str(upload.pk)})
        return
    _mark_cleared([upload])


def clean_up_many(uploads: list[Upload]) -> None:
    """Take purged uploads out of the store, many by one request, or leave them for later."""
    try:
        delete_keys([key for upload in uploads for key in _keys_to_purge(upload)])
    except StorageUnavailable:
        log.warning("uploads_not_cleared", extra={"count": len(uploads)})
        return
    _mark_cleared(uploads)


def _mark_cleared(uploads: list[Upload]) -> None:
    """Write down that the store has nothing of these any more.

    Of what was ready when it was looked at that is true of its landing place alone: if its file
    was purged meanwhile, whoever purged it says so.
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
    """Return the keys under which the store should have nothing of an upload."""
    places = [staging_key(upload)] if upload.strategy == SINGLE else []
    if upload.state != READY:
        places.append(object_key(upload))
    return places


def clean_up_due(at_once: int = CLEANUP_BATCH_SIZE) -> int:
    """Finish a few uploads that ended badly or late; return how many there were.

    Abandoned ones, those to which nothing was sent in time, those that the store did not clear, and
    what may have come to a landing place after its file was made. Called with each upload, so that
    nobody has to remember a cron job.
    """
    not_started = find_unstarted(at_once)
    with transaction.atomic():
        rows = due_for_cleanup().order_by("created_at")
        ids = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:at_once])
        ids += set(mark_failed([*ids, *not_started], Upload.Reason.EXPIRED)) - set(ids)
    for upload in Upload.objects.filter(pk__in=ids):
        clean_up(upload)
    return len(ids)


def due_for_cleanup() -> QuerySet[Upload]:
    """Return the uploads that ``clean_up_due`` would finish now.

    Until its end an address may be written to, so a landing place is cleared once more after that.
    What waits to be verified is not late (files/uploads/verification.py).
    """
    over = Q(expires_at__lt=timezone.now())
    ended = Q(state__in=(FAILED, Upload.State.PURGED))
    late = Q(state=Upload.State.PENDING, verify_at=None) | Q(strategy=SINGLE)
    written_since = Q(strategy=SINGLE, cleared_at__lt=F("expires_at"))
    return Upload.objects.filter(Q(cleared_at=None) & (ended | over & late) | over & written_since)
