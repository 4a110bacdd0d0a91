"""One run: found two tenants, plant, attack both ways, remove."""

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
    """Hold the lock of audits: what is left over then belongs to nobody. Raises CommandError."""
    owner_connection()
    # A connection of its own: the shared ones are closed with each request.
    own: Any = connections.create_connection(OWNER_ALIAS)
    try:
        with use_scope(PUBLIC), own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [AUDIT_LOCK_ID])
            if not cursor.fetchone()[0]:
                raise CommandError("Another audit is running.")
        yield
    finally:
        own.close()


def remove_leftovers(progress: Progress) -> int:
    """Remove what runs that were killed have left; return how many tenants that were."""
    found = find_leftovers()
    for tenant in found:
        progress(f"removing {tenant.slug or tenant.pk}, left by a former run")
        purge_audit_tenant(tenant)
    return len(found)


def run_audit(
    transport: Transport, ledger: AuditReport, progress: Progress, *, only: str = ""
) -> None:
    """Try everything and write it into ``ledger``. Call inside ``audit_lock()``.

    ``only`` keeps to the routes whose path has it.

    Raises Blind when a crossing would not be seen, OSError and StorageUnavailable when a server
    does not answer. Nothing is left behind, whatever happens.
    """
    try:
        progress("planting canaries")
        one, two = _seed_tenant(), _seed_tenant()
        one, two = exclude_common(one, two)
        routes = [route for route in all_routes() if only in route.shown]
        _attack(one.party, two, routes, transport, ledger, progress)
        # What is asked at a central host does not depend on which of the two asks.
        own = [route for route in routes if route.site in TENANT_SITES]
        _attack(two.party, one, own, transport, ledger, progress)
    finally:
        remove_leftovers(lambda line: None)


def _seed_tenant() -> Canaries:
    party = create_audit_tenant()
    seed(party, InProcessTransport())
    return read_canaries(party)


def _attack(
    attacker: AuditTenant,
    victim: Canaries,
    routes: list[Route],
    transport: Transport,
    ledger: AuditReport,
    progress: Progress,
) -> None:
    ledger.extend(run_control(victim, transport))
    progress("database, store and shared things")
    ledger.extend(probe_shared_state(attacker.ref, victim, transport))
    watch = ChangeMonitor(victim.party.ref)
    try:
        ledger.extend(probe_database(attacker.ref, victim.party.ref, watch.tables))
        ledger.extend(probe_storage(attacker.ref, victim))
        attacking = Attacker(attacker, victim)
        ledger.extend(probe_routes(attacking, routes, watch, transport, progress))
    finally:
        watch.close()
