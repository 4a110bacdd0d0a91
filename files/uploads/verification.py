"""Large objects are read after the answer, because that takes longer than anybody waits for one.

The row is the job: ``verify_at`` says when its object is to be read next. It is written in the
transaction that acknowledges the upload, so it is lost with nothing less than the file itself.
Whoever takes it puts it off by a lease that is renewed while they read, so several may look for
work side by side, and what one that was killed has begun is done by another.
"""

import logging
import time
from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actors import actor_of
from accounts.models import User
from audit.services import record
from core.backoff import delay_after
from core.long_running import Stop
from core.problems import NotFound, StorageUnavailable
from files.models import Upload
from files.problems import ChecksumMismatch, UploadEnded, UploadIncomplete
from files.uploads.cleanup import give_up
from files.uploads.completion import keep_arrived
from files.uploads.objects import key_of
from files.uploads.promotion import found_at
from files.uploads.state import target_of_upload
from tenants.context import current_tenant
from tenants.work_queue import tell

CHANNEL = "aggios_verify"
LEASE, RENEWED = timedelta(seconds=60), 10.0
DELAYS = {"first": timedelta(seconds=5), "longest": timedelta(minutes=30)}
PENDING = Upload.State.PENDING
log = logging.getLogger(__name__)


class Handed(Exception):  # noqa: N818 - it reads as what it is
    """Somebody else is to go on, or nobody any more."""


def postpone(upload: Upload, *, by: User) -> None:
    """Have an upload that is whole in the store read after the answer.

    Of two who ask at once one does it. Raises nothing for one that has ended meanwhile.
    """
    with transaction.atomic():
        rows = Upload.objects.filter(pk=upload.pk, state=PENDING, verify_at=None)
        if not rows.update(verify_at=timezone.now()):
            return
        record("upload.received", actor=actor_of(by), target=target_of_upload(upload))
        tell(CHANNEL)


def verify_due(stop: Stop = lambda: False) -> int:
    """Read what is due in the current tenant, one after the other; return how many were read.

    Ends early when told to, and leaves what it was reading to the next. Raises NoTenant outside of
    a tenant.
    """
    count, tenant = 0, current_tenant()
    while not stop() and (upload := _claimed()) is not None:
        log.info("upload_verifying", extra={"upload": str(upload.pk), "slug": tenant.slug})
        count += _verify(upload, stop)
    return count


def _claimed() -> Upload | None:
    """Take the upload that has waited longest, so that nobody else reads it meanwhile."""
    now = timezone.now()
    due = Upload.objects.filter(state=PENDING, verify_at__lte=now).order_by("verify_at")
    with transaction.atomic():
        upload = due.select_for_update(skip_locked=True).first()
        if upload is not None:
            upload.verify_at, upload.verify_attempts = now + LEASE, upload.verify_attempts + 1
            upload.save(update_fields=["verify_at", "verify_attempts"])
    return upload


def _verify(upload: Upload, stop: Stop) -> bool:
    """Read one; tell whether it is done with."""
    try:
        seen = found_at(key_of(upload))
        if seen is None:
            log.error("upload_vanished", extra={"upload": str(upload.pk)})
            return give_up(upload)
        with suppress(ChecksumMismatch, UploadEnded, UploadIncomplete, NotFound):
            keep_arrived(upload, seen, user=upload.created_by, between=_Lease(upload, stop))
    except Handed:
        return False
    except StorageUnavailable:
        _put_off(upload, delay_after(upload.verify_attempts, **DELAYS))
        return False
    return True


class _Lease:
    """Keeps an upload from being read by others, and breaks off when nobody wants it read."""

    def __init__(self, upload: Upload, stop: Stop) -> None:
        self._upload, self._stop = upload, stop
        self._renew_at = time.monotonic() + RENEWED

    def __call__(self) -> None:
        if self._stop():
            _put_off(self._upload, timedelta())
            raise Handed
        if time.monotonic() < self._renew_at:
            return
        if not _put_off(self._upload, LEASE):
            raise Handed
        self._renew_at = time.monotonic() + RENEWED


def _put_off(upload: Upload, by: timedelta) -> int:
    rows = Upload.objects.filter(pk=upload.pk, state=PENDING)
    return rows.update(verify_at=timezone.now() + by)
