"""Background verification of large uploads in one tenant: a lease-based queue on ``verify_at``.

The row is the job: ``verify_at`` says when the object is due. It is set in the transaction that
acknowledges the upload, so no job can be lost. A verifier moves it forward as its lease and renews
the lease while it reads. So several verifiers can work side by side, and the work of one that was
killed is repeated by another.
"""

import logging
import time
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from core.problems import NotFound, StorageUnavailable
from core.workers import ShouldStop, backoff_delay
from files.models import Upload
from files.problems import ChecksumMismatch, UploadEnded, UploadIncomplete
from files.uploads.cleanup import abandon
from files.uploads.completion import finalize
from files.uploads.objects import object_key
from files.uploads.promotion import find_object
from files.uploads.state import PENDING
from tenants.context import current_tenant
from tenants.work_queue import claim_due

LEASE, RENEW_SECONDS = timedelta(seconds=60), 10.0
RETRY_DELAYS = {"first": timedelta(seconds=5), "longest": timedelta(minutes=30)}
log = logging.getLogger(__name__)


class LeaseLost(Exception):  # noqa: N818 - not an error
    """The lease was lost: another verifier continues, or the upload was aborted."""


def verify_due(should_stop: ShouldStop = lambda: False) -> int:
    """Verify the due uploads of the current tenant one by one; return how many were finished.

    When told to stop, it returns early and releases the upload that it was reading.

    Raises: NoTenant (outside of a tenant).
    """
    count, tenant = 0, current_tenant()
    while not should_stop() and (upload := _claim_due()) is not None:
        extra = {"upload": str(upload.pk), "slug": tenant.slug}
        log.info("upload_verification_started", extra=extra)
        count += _verify_upload(upload, should_stop)
    return count


def _claim_due() -> Upload | None:
    pending = Upload.objects.filter(state=PENDING)
    return claim_due(pending, "verify_at", "verify_attempts", lease=LEASE)


def _verify_upload(upload: Upload, should_stop: ShouldStop) -> bool:
    """Verify one upload; return whether it is finished."""
    try:
        stored = find_object(object_key(upload))
        if stored is None:
            log.error("upload_object_missing", extra={"upload": str(upload.pk)})
            return abandon(upload)
        lease = _Lease(upload, should_stop)
        with suppress(ChecksumMismatch, UploadEnded, UploadIncomplete, NotFound):
            finalize(upload, stored, user=upload.created_by, on_chunk=lease)
    except LeaseLost:
        return False
    except StorageUnavailable:
        _reschedule(upload, backoff_delay(upload.verify_attempts, **RETRY_DELAYS))
        return False
    return True


class _Lease:
    """Renews the lease of an upload while it is read. Raises: LeaseLost."""

    def __init__(self, upload: Upload, should_stop: ShouldStop) -> None:
        self._upload, self._should_stop = upload, should_stop
        self._renew_at = time.monotonic() + RENEW_SECONDS

    def __call__(self) -> None:
        if self._should_stop():
            _reschedule(self._upload, timedelta())
            raise LeaseLost
        if time.monotonic() < self._renew_at:
            return
        if not _reschedule(self._upload, LEASE):
            raise LeaseLost
        self._renew_at = time.monotonic() + RENEW_SECONDS


def _reschedule(upload: Upload, delay: timedelta) -> int:
    rows = Upload.objects.filter(pk=upload.pk, state=PENDING)
    return rows.update(verify_at=timezone.now() + delay)
