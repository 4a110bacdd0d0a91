"""Limits on the pending uploads of one user.

A reservation costs nothing until bytes are sent, so one user could reserve the whole quota. Each
user therefore has a maximum number of open uploads. Members, and API keys of any user, may reserve
only a share of the free quota; owners and administrators can abort every upload, so the share does
not apply to them (docs/decisions/0019-upload-allowance.md).
"""

import logging
import uuid
from dataclasses import dataclass
from math import ceil

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from core.problems import StorageUnavailable
from core.request_context import request_context
from core.text.translation import translatable
from files.models import Balance, Upload
from files.problems import QuotaExceeded, TooManyUploads
from files.quota import usage_and_limits
from files.storage.bucket import head_object
from files.uploads.objects import list_parts, object_key, staging_key
from tenants.context import current_tenant, limits_of

USAGE_SQL = f"""
    SELECT b.used_bytes, b.reserved_bytes, b.used_objects, b.reserved_objects, own.bytes, own.count
    FROM files_balance AS b,
         (SELECT coalesce(sum(reserved_bytes), 0)::bigint AS bytes, count(*) AS count
          FROM files_upload WHERE state = 'pending' AND created_by_id = %s) AS own
    WHERE b.id = {Balance.ONLY}
"""  # noqa: S608 - a constant

BYTES_RESERVED = (
    "Your uploads under way may hold at most %(count)s bytes now. "
    "Complete or end some of them first."
)
OBJECTS_RESERVED = (
    "Your uploads under way may hold at most %(count)s objects now. "
    "Complete or end some of them first."
)
DIRECT_STRATEGIES = (Upload.Strategy.SINGLE, Upload.Strategy.MULTIPART)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Usage:
    """Quota in use, including the new upload's reservation; ``own_*`` without it."""

    used_bytes: int
    reserved_bytes: int
    used_objects: int
    reserved_objects: int
    own_bytes: int
    own_count: int


def check_user_limits(upload: Upload, *, user: User) -> None:
    """Check a new upload, after its reservation and before its row is inserted.

    Call it after ``quota.reserve`` in the same transaction: the row lock on the balance makes
    concurrent uploads wait for each other. Raises: TooManyUploads, QuotaExceeded.
    """
    with connection.cursor() as cursor:
        cursor.execute(USAGE_SQL, [user.pk])
        usage = _Usage(*cursor.fetchone())
    if usage.own_count >= settings.UPLOAD_OPEN_PER_USER:
        raise TooManyUploads(members={"limit": settings.UPLOAD_OPEN_PER_USER})
    if user.manages and not request_context().api_key:
        return
    _check_bytes(upload, usage)
    if upload.strategy in DIRECT_STRATEGIES:
        _check_objects(upload, usage)


def _check_bytes(upload: Upload, usage: _Usage) -> None:
    limit, size = limits_of(current_tenant()).storage_bytes, upload.reserved_bytes
    if limit is None or not size:
        return
    free = limit - usage.used_bytes - (usage.reserved_bytes - size - usage.own_bytes)
    allowed = max(0, free * settings.UPLOAD_USER_SHARE_PERCENT // 100)
    if usage.own_bytes + size > allowed:
        detail = translatable(BYTES_RESERVED, count=allowed)
        raise _quota_exceeded(upload, detail, max(0, allowed - usage.own_bytes))


def _check_objects(upload: Upload, usage: _Usage) -> None:
    limit = limits_of(current_tenant()).storage_objects
    if limit is None:
        return
    free = limit - usage.used_objects - (usage.reserved_objects - 1 - usage.own_count)
    allowed = max(1, ceil(free * settings.UPLOAD_USER_SHARE_PERCENT / 100))
    if usage.own_count >= allowed:
        raise _quota_exceeded(upload, translatable(OBJECTS_RESERVED, count=allowed), 0)


def _quota_exceeded(upload: Upload, detail: str, reservable: int) -> QuotaExceeded:
    """Return the problem, with the quota as it is after the rollback of this reservation."""
    quota = usage_and_limits()
    quota["reserved_bytes"] = (quota["reserved_bytes"] or 0) - upload.reserved_bytes
    quota["reserved_objects"] = (quota["reserved_objects"] or 0) - 1
    return QuotaExceeded(detail, members={"quota": quota, "reservable_bytes": reservable})


# The start deadline of direct uploads: without a first byte they expire early.
#
# A pending upload holds a reservation. One without content therefore ends after
# ``UPLOAD_START_SECONDS``, long before one whose bytes are being sent. Only the store knows
# whether something was sent; it is asked once, at the deadline.


def past_start_deadline() -> QuerySet[Upload]:
    """Return the pending uploads that are past their start deadline."""
    late = Upload.objects.filter(state=Upload.State.PENDING, verify_at=None)
    return late.filter(start_by__lt=timezone.now())


def find_unstarted(limit: int) -> list[uuid.UUID]:
    """Return the ids of up to ``limit`` late uploads without content; confirm the others.

    Call it outside of a transaction. If the store is unavailable, the remaining uploads stay
    unchanged.
    """
    unstarted = []
    for upload in past_start_deadline().order_by("start_by")[:limit]:
        try:
            if not confirm_started(upload):
                unstarted.append(upload.pk)
        except StorageUnavailable:
            log.warning("upload_start_check_failed")
            break
    return unstarted


def confirm_started(upload: Upload) -> bool:
    """Return whether the store has content of an upload; if so, clear its start deadline.

    Raises: StorageUnavailable.
    """
    if upload.start_by is None:
        return True
    if not _has_bytes(upload):
        return False
    upload.start_by = None
    upload.save(update_fields=["start_by"])
    return True


def _has_bytes(upload: Upload) -> bool:
    if upload.strategy == Upload.Strategy.SINGLE:
        return (
            head_object(staging_key(upload)) is not None
            or head_object(object_key(upload)) is not None
        )
    return bool(list_parts(upload)) or head_object(object_key(upload)) is not None
