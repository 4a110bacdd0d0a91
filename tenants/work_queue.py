"""Work that rows of tenants ask for, found by going round and by listening.

Each job is a row in its tenant's schema, written in the transaction of what it is for; nothing else
has to be kept, and no job can be without a tenant. A NOTIFY with the tenant's id makes it quick;
a sweep through all tenants now and then finds what nobody heard of, and what is to be tried again.
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
from tenants.context import current_tenant
from tenants.models import Tenant
from tenants.queries import operable_tenants
from tenants.refs import TenantRef, ref_of
from tenants.routing import tenant_for_id

# How long a wait for word is at most; a signal to stop is looked at in between.
NOTIFY_WAIT_SECONDS = 1.0
RETRY_SECONDS = 2.0
Callback = Callable[[], None]
Row = TypeVar("Row", bound=Model)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """One kind of work: where it is told of, how often all is looked through, and who does it.

    ``sweep`` looks through every tenant and calls its second argument after each, for what must
    not wait for thousands of them. ``visit`` does what is due in one tenant.
    """

    channel: str
    seconds: float
    sweep: Callable[[ShouldStop, Callback], object]
    visit: Callable[[TenantRef, ShouldStop], object]


def notify_workers(channel: str) -> None:
    """Tell whoever watches that the current tenant has work; heard at the commit, if that comes.

    Nobody has to hear it: a sweep finds the work all the same.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, str(current_tenant().id)])


def served_tenants() -> list[TenantRef]:
    """Return the tenants whose requests are served, oldest first."""
    with use_scope(PUBLIC):
        rows = operable_tenants().filter(status=Tenant.Status.ACTIVE)
        return [ref_of(tenant) for tenant in rows.order_by("created_at")]


def run_worker(rounds: WorkQueue, stop: ShouldStop, alive: Callback) -> None:
    """Do work as it is told of, and sweep now and then, until told to stop.

    ``alive`` is called again and again while that goes well. A database that is away is waited for.
    """

    def stop_or_live() -> bool:
        alive()
        return stop()

    while not stop_or_live():
        try:
            _process_queue(rounds, stop_or_live)
        except (DatabaseError, psycopg.Error) as exc:
            extra = {"channel": rounds.channel, "error": str(exc)[:200]}
            log.warning("work_queue_database_unavailable", extra=extra)
            time.sleep(RETRY_SECONDS)
        finally:
            connections.close_all()


def _process_queue(rounds: WorkQueue, stop: ShouldStop) -> None:
    with _listen(rounds.channel) as raw:
        swept = -rounds.seconds
        while not stop():
            if time.monotonic() - swept >= rounds.seconds:
                rounds.sweep(stop, lambda: _process_notified(rounds, raw, stop, patience=0))
                swept = time.monotonic()
            _process_notified(rounds, raw, stop, patience=NOTIFY_WAIT_SECONDS)


def _process_notified(
    rounds: WorkQueue, raw: psycopg.Connection[Any], stop: ShouldStop, *, patience: float
) -> None:
    for tenant_id in _notified_tenants(raw, patience):
        tenant = tenant_for_id(tenant_id)
        if tenant is not None and tenant.status == Tenant.Status.ACTIVE and not tenant.maintenance:
            rounds.visit(tenant, stop)


def _notified_tenants(raw: psycopg.Connection[Any], patience: float) -> set[uuid.UUID]:
    """Return the tenants that have told of work; waits ``patience`` seconds for the first."""
    told = set()
    for notice in raw.notifies(timeout=patience, stop_after=1):
        with suppress(ValueError):
            told.add(uuid.UUID(notice.payload))
    return told


@contextmanager
def _listen(channel: str) -> Iterator[psycopg.Connection[Any]]:
    """Listen on a connection of its own, which enters no tenant."""
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
