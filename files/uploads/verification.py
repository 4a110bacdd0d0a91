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

from accounts.actors import user_actor
from accounts.models import User
from audit.services import record
from core.problems import NotFound, StorageUnavailable
from core.workers import ShouldStop, backoff_delay
from files.models import Upload
from files.problems import ChecksumMismatch, UploadEnded, UploadIncomplete
from files.uploads.cleanup import abandon
from files.uploads.completion import finalize
from files.uploads.objects import object_key
from files.uploads.promotion import find_object
from files.uploads.state import upload_target
from tenants.context import current_tenant
from tenants.work_queue import notify_workers

CHANNEL = "aggios_verify"
LEASE, RENEW_SECONDS = timedelta(seconds=60), 10.0
RETRY_DELAYS = {"first": timedelta(seconds=5), "longest": timedelta(minutes=30)}
PENDING = Upload.State.PENDING
log = logging.getLogger(__name__)


class LeaseLost(Exception):  # noqa: N818 - it reads as what it is
    """Somebody else is to go on, or nobody any more."""


def schedule_verification(upload: Upload, *, by: User) -> None:
    """Have an upload that is whole in the store read after the answer.

    Of two who ask at once one does it. Raises nothing for one that has ended meanwhile.
    """
    with transaction.atomic():
        rows = Upload.objects.filter(pk=upload.pk, state=PENDING, verify_at=None)
        if not rows.update(verify_at=timezone.now()):
            return
        record("upload.received", actor=user_actor(by), target=upload_target(upload))
        notify_workers(CHANNEL)


def verify_due(stop: ShouldStop = lambda: False) -> int:
    """Read what is due in the current tenant, one after the other; return how many were read.

    Ends early when told to, and leaves what it was reading to the next. Raises NoTenant outside of
    a tenant.
    """
    count, tenant = 0, current_tenant()
    while not stop() and (upload := _claim_due()) is not None:
        log.info("upload_verifying", extra={"upload": str(upload.pk), "slug": tenant.slug})
        count += _verify_upload(upload, stop)
    return count


def _claim_due() -> Upload | None:
    """Take the upload that has waited longest, so that nobody else reads it meanwhile."""
    now = timezone.now()
    due = Upload.objects.filter(state=PENDING, verify_at__lte=now).order_by("verify_at")
    with transaction.atomic():
        upload = due.select_for_update(skip_locked=True).first()
        if upload is not None:
            upload.verify_at, upload.verify_attempts = now + LEASE, upload.verify_attempts + 1
            upload.save(update_fields=["verify_at", "verify_attempts"])
    return upload


def _verify_upload(upload: Upload, stop: ShouldStop) -> bool:
    """Read one; tell whether it is done with."""
    try:
        seen = find_object(object_key(upload))
        if seen is None:
            log.error("upload_object_missing", extra={"upload": str(upload.pk)})
            return abandon(upload)
        with suppress(ChecksumMismatch, UploadEnded, UploadIncomplete, NotFound):
            finalize(upload, seen, user=upload.created_by, between=_Lease(upload, stop))
    except LeaseLost:
        return False
    except StorageUnavailable:
        _reschedule(upload, backoff_delay(upload.verify_attempts, **RETRY_DELAYS))
        return False
    return True


class _Lease:
    """Keeps an upload from being read by others, and breaks off when nobody wants it read."""

    def __init__(self, upload: Upload, stop: ShouldStop) -> None:
        self._upload, self._stop = upload, stop
        self._renew_at = time.monotonic() + RENEW_SECONDS

    def __call__(self) -> None:
        if self._stop():
            _reschedule(self._upload, timedelta())
            raise LeaseLost
        if time.monotonic() < self._renew_at:
            return
        if not _reschedule(self._upload, LEASE):
            raise LeaseLost
        self._renew_at = time.monotonic() + RENEW_SECONDS


def _reschedule(upload: Upload, by: timedelta) -> int:
    rows = Upload.objects.filter(pk=upload.pk, state=PENDING)
    return rows.update(verify_at=timezone.now() + by)
