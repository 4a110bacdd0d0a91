"""One run of the audit: create two tenants, seed, attack in both directions, remove."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import CommandError
from django.db import connections

from core.db_backend.scope import PUBLIC, use_scope
from operations.isolation.attacker import Attacker
from operations.isolation.canaries import Canaries, exclude_common, read_canaries
from operations.isolation.change_monitor import ChangeMonitor
from operations.isolation.probes.database import probe_database
from operations.isolation.probes.http import TENANT_SITES, probe_routes, run_control
from operations.isolation.probes.shared_state import probe_shared_state
from operations.isolation.probes.storage import probe_storage
from operations.isolation.report import AuditReport
from operations.isolation.routes import Route, all_routes
from operations.isolation.seeding import seed
from operations.isolation.tenants import (
    AuditTenant,
    create_audit_tenant,
    find_leftovers,
    purge_audit_tenant,
)
from operations.isolation.transport import InProcessTransport, Transport
from tenants.schemas.owner import OWNER_ALIAS, owner_connection

AUDIT_LOCK_ID = 0x41474941  # any number, the same in every process
Progress = Callable[[str], None]


@contextmanager
def audit_lock() -> Iterator[None]:
    """Hold the lock of audits, so that leftovers belong to no running audit.

    Raises: CommandError.
    """
    owner_connection()
    # Not Django's own connection, which is closed after each request.
    own: Any = connections.create_connection(OWNER_ALIAS)
    try:
        with use_scope(PUBLIC), own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [AUDIT_LOCK_ID])
            if not cursor.fetchone()[0]:
                raise CommandError("Another audit is running. Try again when it has ended.")
        yield
    finally:
        own.close()


def remove_leftovers(progress: Progress) -> int:
    """Remove the tenants of interrupted runs; return their number."""
    found = find_leftovers()
    for tenant in found:
        progress(f"removing {tenant.slug or tenant.pk}, left by an interrupted run")
        purge_audit_tenant(tenant)
    return len(found)


def run_audit(
    transport: Transport, ledger: AuditReport, progress: Progress, *, only: str = ""
) -> None:
    """Try everything and add the results to ``ledger``. Call inside ``audit_lock()``.

    ``only`` limits the routes to paths that contain it. The seeded tenants are always removed.

    Raises: AuditIncompleteError if a crossing would not be detected; OSError and StorageUnavailable
    if a server does not answer.
    """
    try:
        progress("seeding canaries")
        one, two = _seed_tenant(), _seed_tenant()
        one, two = exclude_common(one, two)
        routes = [route for route in all_routes() if only in route.shown]
        _attack(one.tenant, two, routes, transport, ledger, progress)
        # Replies of central hosts do not depend on the attacking tenant.
        own = [route for route in routes if route.site in TENANT_SITES]
        _attack(two.tenant, one, own, transport, ledger, progress)
    finally:
        remove_leftovers(lambda line: None)


def _seed_tenant() -> Canaries:
    tenant = create_audit_tenant()
    seed(tenant, InProcessTransport())
    return read_canaries(tenant)


def _attack(
    attacker: AuditTenant,
    victim: Canaries,
    routes: list[Route],
    transport: Transport,
    ledger: AuditReport,
    progress: Progress,
) -> None:
    ledger.extend(run_control(victim, transport))
    progress("database, store and shared state")
    ledger.extend(probe_shared_state(attacker.ref, victim, transport))
    watch = ChangeMonitor(victim.tenant.ref)
    try:
        ledger.extend(probe_database(attacker.ref, victim.tenant.ref, watch.tables))
        ledger.extend(probe_storage(attacker.ref, victim))
        attacking = Attacker(attacker, victim)
        ledger.extend(probe_routes(attacking, routes, watch, transport, progress))
    finally:
        watch.close()
