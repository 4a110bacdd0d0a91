"""Usage of a tenant day by day (UTC): storage and files as last measured, and requests."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import QuerySet

from core.db_backend.scope import PUBLIC, use_scope
from tenants.models import DailyUsage, RequestCount

# Rows of days before this are deleted with the next measurement.
KEPT_DAYS = 400
DEFAULT_DAYS, MAX_DAYS = 30, 365


@dataclass(frozen=True, slots=True)
class UsageDay:
    """One day. Storage is None before the first measurement, and of the day before otherwise.

    ``files`` are those that are not in the trash; ``storage_bytes`` are those of all versions. The
    requests of today are those so far.
    """

    day: date
    storage_bytes: int | None
    files: int | None
    requests: int


def usage_history(tenant_id: uuid.UUID, days: int = DEFAULT_DAYS) -> list[UsageDay]:
    """Return one entry for each of the last ``days`` days, oldest first, today last.

    A day without a measurement has the values of the day before it. Takes two queries.
    """
    today = _today()
    wanted = [today - timedelta(days=ago) for ago in range(min(days, MAX_DAYS) - 1, -1, -1)]
    with use_scope(PUBLIC):
        measured = _measured(tenant_id, since=wanted[0])
        counts = RequestCount.objects.filter(tenant_id=tenant_id, day__gte=wanted[0])
        requests = dict(counts.values_list("day", "count"))
    return _filled(wanted, measured, requests)


def save_day(tenant_id: uuid.UUID, *, storage_bytes: int, files: int) -> None:
    """Store a measurement as that of today, in the public scope; delete old rows of the tenant.

    Raises: IntegrityError if the tenant has been deleted.
    """
    today = _today()
    row = DailyUsage(tenant_id=tenant_id, day=today, storage_bytes=storage_bytes, files=files)
    DailyUsage.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["tenant", "day"],
        update_fields=["storage_bytes", "files"],
    )
    old = DailyUsage.objects.filter(tenant_id=tenant_id, day__lt=today - timedelta(days=KEPT_DAYS))
    old.delete()


def _measured(tenant_id: uuid.UUID, *, since: date) -> list[DailyUsage]:
    """Return the measurements since a day, and the last one before it, oldest first."""
    rows: QuerySet[DailyUsage] = DailyUsage.objects.filter(tenant_id=tenant_id)
    before = rows.filter(day__lt=since).order_by("-day")[:1]
    return sorted(before.union(rows.filter(day__gte=since)), key=lambda row: row.day)


def _filled(
    wanted: list[date], measured: list[DailyUsage], requests: Mapping[date, int]
) -> list[UsageDay]:
    found, last, rest = [], None, list(reversed(measured))
    for day in wanted:
        while rest and rest[-1].day <= day:
            last = rest.pop()
        storage, files = (last.storage_bytes, last.files) if last else (None, None)
        found.append(UsageDay(day, storage, files, requests.get(day, 0)))
    return found


def _today() -> date:
    return datetime.now(UTC).date()
