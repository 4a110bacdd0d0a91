"""Per-tenant work queue: rows are the jobs; workers use LISTEN/NOTIFY and a periodic sweep.

Each job is a row in its tenant's schema, written in the transaction of the change that needs it. So
there is no second store to keep consistent, and every job has a tenant. A NOTIFY with the tenant's
id wakes the worker at once. A sweep over all tenants finds missed notifications and retries.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from core.db_backend.scope import PUBLIC, use_scope
from core.workers import ShouldStop
from tenants.context import TenantRef, current_tenant, ref_of
from tenants.models import Tenant
from tenants.queries import operable_tenants
from tenants.routing import tenant_for_id

# Seconds of one wait for notifications; between two waits the worker checks for a stop signal.
NOTIFY_WAIT_SECONDS = 1.0
RETRY_SECONDS = 2.0
Callback = Callable[[], None]
Row = TypeVar("Row", bound=Model)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """One kind of background work.

    ``channel`` is the NOTIFY channel, ``seconds`` the interval of the sweep. ``sweep`` processes
    every tenant and calls its second argument after each one, so that notified tenants do not wait
    for thousands of others. ``process_tenant`` does the due work of one tenant.
    """

    channel: str
    seconds: float
    sweep: Callable[[ShouldStop, Callback], object]
    process_tenant: Callable[[TenantRef, ShouldStop], object]


def notify_workers(channel: str) -> None:
    """Notify the workers that the current tenant has work; PostgreSQL sends it at the commit.

    A lost notification does no harm: the next sweep finds the work.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, str(current_tenant().id)])


def served_tenants() -> list[TenantRef]:
    """Return the tenants whose requests are served, oldest first."""
    with use_scope(PUBLIC):
        rows = operable_tenants().filter(status=Tenant.Status.ACTIVE)
        return [ref_of(tenant) for tenant in rows.order_by("created_at")]


def run_worker(queue: WorkQueue, stop: ShouldStop, heartbeat: Callback) -> None:
    """Process notified tenants and sweep periodically until ``stop`` returns true.

    ``heartbeat`` is called regularly. While the database is unavailable, the worker
    retries.
    """

    def should_stop() -> bool:
        heartbeat()
        return stop()

    while not should_stop():
        try:
            _process_queue(queue, should_stop)
        except (DatabaseError, psycopg.Error) as exc:
            extra = {"channel": queue.channel, "error": str(exc)[:200]}
            log.warning("work_queue_database_unavailable", extra=extra)
            time.sleep(RETRY_SECONDS)
        finally:
            connections.close_all()


def _process_queue(queue: WorkQueue, stop: ShouldStop) -> None:
    with _listen(queue.channel) as listener:
        last_sweep = -queue.seconds
        while not stop():
            if time.monotonic() - last_sweep >= queue.seconds:
                queue.sweep(stop, lambda: _process_notified(queue, listener, stop, timeout=0))
                last_sweep = time.monotonic()
            _process_notified(queue, listener, stop, timeout=NOTIFY_WAIT_SECONDS)


def _process_notified(
    queue: WorkQueue, listener: psycopg.Connection[Any], stop: ShouldStop, *, timeout: float
) -> None:
    for tenant_id in _notified_tenants(listener, timeout):
        tenant = tenant_for_id(tenant_id)
        if tenant is not None and tenant.status == Tenant.Status.ACTIVE and not tenant.maintenance:
            queue.process_tenant(tenant, stop)


def _notified_tenants(listener: psycopg.Connection[Any], timeout: float) -> set[uuid.UUID]:
    """Return the notified tenant ids; wait up to ``timeout`` seconds for the first."""
    tenant_ids = set()
    for notice in listener.notifies(timeout=timeout, stop_after=1):
        with suppress(ValueError):
            tenant_ids.add(uuid.UUID(notice.payload))
    return tenant_ids


@contextmanager
def _listen(channel: str) -> Iterator[psycopg.Connection[Any]]:
    """LISTEN on a separate connection that stays in the public scope."""
    wrapper = connections.create_connection("default")
    try:
        with use_scope(PUBLIC):
            wrapper.ensure_connection()
            wrapper.connection.execute(f"LISTEN {channel}")
        yield wrapper.connection
    finally:
        wrapper.close()


def claim_due(
    rows: QuerySet[Row], due_field: str, attempts_field: str, *, lease: timedelta
) -> Row | None:
    """Lease the row that has been due longest; None if no row is due.

    The lease moves ``due_field`` forward, so that other workers skip the row, and a worker that is
    killed loses it when the lease ends. ``attempts_field`` counts the leases.
    """
    now = timezone.now()
    due = rows.filter(**{f"{due_field}__lte": now}).order_by(due_field, "pk")
    with transaction.atomic():
        row = due.select_for_update(skip_locked=True).first()
        if row is not None:
            setattr(row, due_field, now + lease)
            setattr(row, attempts_field, getattr(row, attempts_field) + 1)
            row.save(update_fields=[due_field, attempts_field])
    return row
