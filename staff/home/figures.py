"""Figures of all tenants. Each function takes one or two queries for any number of tenants.

Nothing enters a tenant's schema: storage, requests and failed e-mails are stored sums of what
``measure_usage`` and the request counts have written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from tenants.fleet.records import MIGRATE_COMMAND
from tenants.models import DailyUsage, FleetRun, RequestCount, Tenant, Usage
from tenants.states import IN_MAINTENANCE_Q, SCHEDULED_Q, SERVED_Q, SUSPENDED_Q

DAYS = 30
DELETING_Q = Q(status=Tenant.Status.DELETING)
MIGRATION_FAILED_Q = Q(maintenance=Tenant.Maintenance.MIGRATION_FAILED) & ~DELETING_Q
FAILED_EMAILS_Q = Q(usage__failed_emails__gt=0)
Days = list[tuple[date, int | None]]


def overdue_q() -> Q:
    """Return the condition of deletions whose day has come, without a purge yet."""
    return Q(deletion_due_at__lte=timezone.now()) & ~DELETING_Q


def state_conditions() -> dict[str, Q]:
    """Return the states of the list's filter. One tenant can be in several, except in ``serving``.

    A tenant whose purge has begun is in ``deleting`` only.
    """
    return {
        "serving": SERVED_Q,
        "suspended": SUSPENDED_Q,
        "scheduled": SCHEDULED_Q & ~DELETING_Q,
        "overdue": overdue_q(),
        "deleting": DELETING_Q,
        "broken": IN_MAINTENANCE_Q & ~DELETING_Q,
        "unmigrated": MIGRATION_FAILED_Q,
        "mail": FAILED_EMAILS_Q,
    }


def tenants_by_state() -> dict[str, int]:
    """Return the number of all tenants (``all``), and of those in each state of the filter."""
    counts = {name: Count("pk", filter=q) for name, q in state_conditions().items()}
    found: dict[str, int] = Tenant.objects.aggregate(all=Count("pk"), **counts)
    return found


def signups_by_day() -> Days:
    """Return the number of tenants that were created on each day (UTC) and still exist."""
    since = datetime.combine(_days()[0], datetime.min.time(), UTC)
    rows = Tenant.objects.filter(created_at__gte=since).order_by()
    by_day = rows.annotate(day=TruncDate("created_at", tzinfo=UTC)).values_list("day")
    return _filled(dict(by_day.annotate(Count("pk"))))


def requests_by_day() -> Days:
    """Return the requests of all tenants on each day (UTC)."""
    rows = RequestCount.objects.filter(day__gte=_days()[0]).order_by().values_list("day")
    return _filled(dict(rows.annotate(Sum("count"))))


@dataclass(frozen=True, slots=True)
class Stored:
    """What all tenants store as last measured; None where nothing has been measured."""

    storage_bytes: int | None
    failed_emails: int | None
    measured: int
    by_day: Days


def stored_now_and_by_day() -> Stored:
    """Return the sums of the last measurements, and the storage of each day.

    A day without any measurement is None. Today has the last measurement of each tenant.
    """
    now = Usage.objects.aggregate(
        size=Sum("object_bytes"), failed=Sum("failed_emails"), measured=Count("pk")
    )
    rows = DailyUsage.objects.filter(day__gte=_days()[0]).order_by().values_list("day")
    by_day: dict[date, int | None] = dict(rows.annotate(Sum("storage_bytes")))
    by_day[_days()[-1]] = now["size"]
    return Stored(
        storage_bytes=now["size"],
        failed_emails=now["failed"],
        measured=now["measured"],
        by_day=[(day, by_day.get(day)) for day in _days()],
    )


@dataclass(frozen=True, slots=True)
class LastMigration:
    """The last run of ``migrate_schemas``, with the numbers of its outcomes."""

    run: FleetRun
    done: int
    failed: int


def last_migration() -> LastMigration | None:
    """Return the last run that migrated tenants, or None."""
    counted = FleetRun.objects.annotate(
        done=Count("outcomes", filter=Q(outcomes__succeeded=True)),
        failed=Count("outcomes", filter=Q(outcomes__succeeded=False)),
    )
    run = counted.filter(command=MIGRATE_COMMAND).first()
    return LastMigration(run, run.done, run.failed) if run else None


def total(days: Iterable[tuple[date, int | None]]) -> int:
    """Return the sum of the known days."""
    return sum(value or 0 for _, value in days)


def _filled(found: Mapping[date, int]) -> Days:
    return [(day, found.get(day, 0)) for day in _days()]


def _days() -> list[date]:
    """Return the last days (UTC), today last."""
    today = datetime.now(UTC).date()
    return [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]
