"""Ending uploads that no file came of, and taking out of the store what nobody needs there."""

import logging
from collections.abc import Mapping

from django.db import ProgrammingError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.actors import actor_of
from accounts.models import User
from audit.services import record
from core.problems import StorageUnavailable
from files.models import Upload
from files.storage.deletion import delete_keys
from files.storage.writer import clear
from files.uploads.landing import landing_key
from files.uploads.objects import key_of
from files.uploads.start_deadline import unstarted
from files.uploads.state import fail, target_of_upload

SETTLED_AT_ONCE = 5
ENDED: Mapping[str, str] = {
    Upload.Reason.ABORTED: "upload.aborted",
    Upload.Reason.MISMATCH: "upload.refused",
}
FAILED, READY = Upload.State.FAILED, Upload.State.READY
SINGLE = Upload.Strategy.SINGLE

log = logging.getLogger(__name__)


def give_up(
    upload: Upload, reason: str = Upload.Reason.INTERRUPTED, *, by: User | None = None
) -> bool:
    """Make sure that nothing stays of an upload that no version came of; tell whether it was so.

    Does nothing to one that is ready. If a transaction that keeps the file is being committed, this
    waits for its outcome on the row. When the store does not answer, ``settle_some`` tries again.
    ``by`` is whose doing it is, for the audit trail.
    """
    try:
        with transaction.atomic():
            given_up = fail([upload.pk], reason)
            if given_up and by is not None:
                record(ENDED[reason], actor=actor_of(by), target=target_of_upload(upload))
    except ProgrammingError:
        # The tenant was deleted while the bytes were on their way: no row can keep the object.
        _take_out(upload)
        return True
    if given_up:
        tidy(upload)
    return bool(given_up)


def tidy(upload: Upload) -> None:
    """Take out of the store what a settled upload should not have there, or leave it for later."""
    try:
        _take_out(upload)
    except StorageUnavailable:
        log.warning("upload_not_cleared", extra={"upload": str(upload.pk)})
        return
    _cleared([upload])


def tidy_whole(uploads: list[Upload]) -> None:
    """Take purged uploads out of the store, many by one request, or leave them for later."""
    try:
        delete_keys([key for upload in uploads for key in _places(upload)])
    except StorageUnavailable:
        log.warning("uploads_not_cleared", extra={"count": len(uploads)})
        return
    _cleared(uploads)


def _cleared(uploads: list[Upload]) -> None:
    """Write down that the store has nothing of these any more.

    Of what was ready when it was looked at that is true of its landing place alone: if its file
    was purged meanwhile, whoever purged it says so.
    """
    ready = [upload.pk for upload in uploads if upload.state == READY]
    ended = [upload.pk for upload in uploads if upload.state != READY]
    rows = Upload.objects.filter(pk__in=ready, state=READY)
    rows |= Upload.objects.filter(pk__in=ended).exclude(state=READY)
    rows.update(cleared_at=timezone.now())


def _take_out(upload: Upload) -> None:
    for key in _places(upload):
        clear(key)


def _places(upload: Upload) -> list[str]:
    """Return the keys under which the store should have nothing of an upload."""
    places = [landing_key(upload)] if upload.strategy == SINGLE else []
    if upload.state != READY:
        places.append(key_of(upload))
    return places


def settle_some(at_once: int = SETTLED_AT_ONCE) -> int:
    """Finish a few uploads that ended badly or late; return how many there were.

    Abandoned ones, those to which nothing was sent in time, those that the store did not clear, and
    what may have come to a landing place after its file was made. Called with each upload, so that
    nobody has to remember a cron job.
    """
    not_started = unstarted(at_once)
    with transaction.atomic():
        rows = due_uploads().order_by("created_at")
        ids = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:at_once])
        ids += set(fail([*ids, *not_started], Upload.Reason.EXPIRED)) - set(ids)
    for upload in Upload.objects.filter(pk__in=ids):
        tidy(upload)
    return len(ids)


def due_uploads() -> QuerySet[Upload]:
    """Return the uploads that ``settle_some`` would finish now.

    Until its end an address may be written to, so a landing place is cleared once more after that.
    What waits to be verified is not late (files/uploads/verification.py).
    """
    over = Q(expires_at__lt=timezone.now())
    ended = Q(state__in=(FAILED, Upload.State.PURGED))
    late = Q(state=Upload.State.PENDING, verify_at=None) | Q(strategy=SINGLE)
    written_since = Q(strategy=SINGLE, cleared_at__lt=F("expires_at"))
    return Upload.objects.filter(Q(cleared_at=None) & (ended | over & late) | over & written_since)
