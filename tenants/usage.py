"""Usage of tenants: rows, bytes and requests.

Row counts are PostgreSQL's statistics (``pg_stat``): an estimate that is a few seconds old and lost
in a server crash, but one query returns it for hundreds of tenants. ``count_rows`` counts the rows
of one tenant exactly. Bytes are those on disk: tables, indexes and TOAST.
"""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, cast

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from psycopg import sql

from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import TenantRef, tenant_context
from tenants.models import RequestCount, Tenant, Usage
from tenants.problems import TenantUnavailable
from tenants.usage_history import save_day

# django_migrations is the platform's table, not the tenant's data.
SCHEMA_USAGE_QUERY = """
    SELECT space.nspname,
           coalesce(sum(pg_stat_get_live_tuples(part.oid))
                    FILTER (WHERE part.relname <> 'django_migrations'), 0)::bigint,
           coalesce(sum(pg_total_relation_size(part.oid)), 0)::bigint
    FROM pg_namespace AS space
    LEFT JOIN pg_class AS part ON part.relnamespace = space.oid AND part.relkind IN ('r', 'm')
    WHERE space.nspname = ANY(%s)
    GROUP BY space.nspname
"""
TABLES_QUERY = """
    SELECT tablename FROM pg_tables
    WHERE schemaname = %s AND tablename <> 'django_migrations' ORDER BY tablename
"""
SET_TIMEOUTS = (
    "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)"
)
TIMEOUTS = ["5s", "1s"]
USAGE_FIELDS = [
    "rows",
    "database_bytes",
    "objects_held",
    "object_bytes",
    "failed_emails",
    "measured_at",
]
MAX_USAGE_AGE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class UsageTotals:
    """The number and the total bytes of a tenant's rows or objects."""

    count: int
    size: int


class UsageMeasurer(Protocol):
    """Measures a tenant in bounded time and stores the result.

    Raises: DatabaseError.
    """

    def __call__(self, tenant: Tenant, *, exact: bool) -> Usage: ...


@dataclass(frozen=True, slots=True)
class CurrentUsage:
    """A tenant's usage: stored amounts, whether rows were counted exactly, requests per day."""

    usage: Usage
    rows_are_exact: bool
    requests: dict[str, int]


def database_usage(schemas: Iterable[str]) -> dict[str, UsageTotals]:
    """Return estimated rows and bytes of each existing schema, in one query."""
    with use_scope(PUBLIC), query_timeouts(), connection.cursor() as cursor:
        cursor.execute(SCHEMA_USAGE_QUERY, [list(schemas)])
        return {schema: UsageTotals(rows, size) for schema, rows, size in cursor.fetchall()}


def count_rows(tenant: TenantRef) -> int:
    """Count a tenant's rows exactly.

    Raises: OperationalError if that takes too long.
    """
    with tenant_context(tenant), query_timeouts(), connection.cursor() as cursor:
        cursor.execute(TABLES_QUERY, [tenant.schema_name])
        one = sql.SQL("SELECT count(*) FROM {}")
        counts = [
            one.format(sql.Identifier(tenant.schema_name, name)) for (name,) in cursor.fetchall()
        ]
        cursor.execute(
            sql.SQL("SELECT coalesce(sum(count), 0)::bigint FROM ({}) AS counts").format(
                sql.SQL(" UNION ALL ").join([sql.SQL("SELECT 0 AS count"), *counts])
            )
        )
        return int(cursor.fetchone()[0])


@contextmanager
def query_timeouts() -> Iterator[None]:
    """Limit each statement of the block to 5 s, and each wait for a lock to 1 s."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SET_TIMEOUTS, TIMEOUTS)
        yield


def save_usage(
    tenant_id: uuid.UUID,
    *,
    database: UsageTotals,
    objects: UsageTotals,
    files: int,
    failed_emails: int,
) -> Usage:
    """Store a measurement with the current time, and as that of today.

    Raises: IntegrityError if the tenant has been deleted.
    """
    usage = Usage(
        tenant_id=tenant_id,
        rows=database.count,
        database_bytes=database.size,
        objects_held=objects.count,
        object_bytes=objects.size,
        failed_emails=failed_emails,
        measured_at=timezone.now(),
    )
    with use_scope(PUBLIC), transaction.atomic():
        Usage.objects.bulk_create(
            [usage], update_conflicts=True, unique_fields=["tenant"], update_fields=USAGE_FIELDS
        )
        save_day(tenant_id, storage_bytes=objects.size, files=files)
    return usage


def last_usage(tenant_id: uuid.UUID) -> Usage | None:
    """Return the last measurement, or None: one row by primary key, cheap enough for limits."""
    with use_scope(PUBLIC):
        return Usage.objects.filter(pk=tenant_id).first()


def requests_by_day(tenant_id: uuid.UUID, *, days: int = 30) -> dict[str, int]:
    """Return the requests per day (UTC) of the last ``days`` days, oldest first, without zeros."""
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    with use_scope(PUBLIC):
        rows = RequestCount.objects.filter(tenant_id=tenant_id, day__gte=since).order_by("day")
        return {row.day.isoformat(): row.count for row in rows}


def tenants_to_measure(before: datetime) -> QuerySet[Tenant]:
    """Return the tenants without a measurement since ``before``, never measured ones first."""
    tenants = Tenant.objects.exclude(status=Tenant.Status.DELETING).prefetch_related("domains")
    due = tenants.filter(Q(usage=None) | Q(usage__measured_at__lt=before))
    longest_ago = F("usage__measured_at").asc(nulls_first=True)
    found: QuerySet[Tenant] = due.order_by(longest_ago, "created_at")
    return found


def current_usage(tenant: Tenant, *, exact: bool) -> CurrentUsage:
    """Return the usage, at most five minutes old; ``exact`` counts the rows now.

    ``settings.TENANT_USAGE_MEASURER`` names the measurer, since tenants must not import files.
    If the measurement takes too long, the last result is returned.

    Raises: TenantUnavailable if there is no last result either.
    """
    known = last_usage(tenant.pk)
    fresh = known is not None and timezone.now() - known.measured_at < MAX_USAGE_AGE
    if known is None or exact or not fresh:
        known, exact = _measure(tenant, known, exact)
    return CurrentUsage(known, exact, requests_by_day(tenant.pk))


def _measure(tenant: Tenant, known: Usage | None, exact: bool) -> tuple[Usage, bool]:
    measurer = cast("UsageMeasurer", import_string(settings.TENANT_USAGE_MEASURER))
    try:
        return measurer(tenant, exact=exact), exact
    except DatabaseError as exc:  # too slow, locked by a migration, being restored
        if known is None:
            raise TenantUnavailable("This workspace cannot be measured now.") from exc
        return known, False
