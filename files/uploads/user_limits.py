"""What the uploads under way of one user may hold of the tenant's quota.

A reservation costs its owner nothing until bytes are sent, so one user could hold the quota against
everybody else. Each user has a number of open uploads. Members, and API keys of anybody, hold at
most a share of what is free beside their own reservations; owners and administrators can end every
upload, and are not held to a share (docs/decisions/0019-upload-allowance.md).
"""

from dataclasses import dataclass
from math import ceil

from django.conf import settings
from django.db import connection

from accounts.models import User
from core.request_context import request_context
from files.models import Balance, Upload
from files.problems import QuotaExceeded, TooManyUploads
from files.quota import usage_and_limits
from tenants.context import current_tenant
from tenants.limits import limits_of

USAGE_SQL = f"""
    SELECT b.used_bytes, b.reserved_bytes, b.used_objects, b.reserved_objects, own.bytes, own.count
    FROM files_balance AS b,
         (SELECT coalesce(sum(reserved_bytes), 0)::bigint AS bytes, count(*) AS count
          FROM files_upload WHERE state = 'pending' AND created_by_id = %s) AS own
    WHERE b.id = {Balance.ONLY}
"""  # noqa: S608 - a constant
DIRECT_STRATEGIES = (Upload.Strategy.SINGLE, Upload.Strategy.MULTIPART)


@dataclass(frozen=True, slots=True)
class _Usage:
    """What is taken of the quota, the new upload's reservation included; ``own_*`` without it."""

    used_bytes: int
    reserved_bytes: int
    used_objects: int
    reserved_objects: int
    own_bytes: int
    own_count: int


def check_user_limits(upload: Upload, *, user: User) -> None:
    """Check a new upload, whose reservation is made and whose row is not yet written.

    Call it after ``quota.reserve`` in the same transaction: that holds the balance's row lock, so
    that several uploads at once are checked one after the other. Raises TooManyUploads and
    QuotaExceeded.
    """
    with connection.cursor() as cursor:
        cursor.execute(USAGE_SQL, [user.pk])
        held = _Usage(*cursor.fetchone())
    if held.own_count >= settings.UPLOAD_OPEN_PER_USER:
        raise TooManyUploads(members={"limit": settings.UPLOAD_OPEN_PER_USER})
    if user.manages and not request_context().api_key:
        return
    _check_bytes(upload, held)
    if upload.strategy in DIRECT_STRATEGIES:
        _check_objects(upload, held)


def _check_bytes(upload: Upload, held: _Usage) -> None:
    limit, size = limits_of(current_tenant()).storage_bytes, upload.reserved_bytes
    if limit is None or not size:
        return
    free = limit - held.used_bytes - (held.reserved_bytes - size - held.own_bytes)
    allowed = max(0, free * settings.UPLOAD_USER_SHARE_PERCENT // 100)
    if held.own_bytes + size > allowed:
        raise _quota_exceeded(upload, f"at most {allowed} bytes", max(0, allowed - held.own_bytes))


def _check_objects(upload: Upload, held: _Usage) -> None:
    limit = limits_of(current_tenant()).storage_objects
    if limit is None:
        return
    free = limit - held.used_objects - (held.reserved_objects - 1 - held.own_count)
    allowed = max(1, ceil(free * settings.UPLOAD_USER_SHARE_PERCENT / 100))
    if held.own_count >= allowed:
        raise _quota_exceeded(upload, f"at most {allowed} objects", 0)


def _quota_exceeded(upload: Upload, most: str, reservable: int) -> QuotaExceeded:
    """Return the refusal. The quota is told without the reservation that is rolled back with it."""
    quota = usage_and_limits()
    quota["reserved_bytes"] = (quota["reserved_bytes"] or 0) - upload.reserved_bytes
    quota["reserved_objects"] = (quota["reserved_objects"] or 0) - 1
    detail = f"Your uploads under way may hold {most} now. Complete or end some of them first."
    return QuotaExceeded(detail, members={"quota": quota, "reservable_bytes": reservable})
