"""One run: found two tenants, plant, attack both ways, remove."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import CommandError
from django.db import connections

from core.db_backend.scope import PUBLIC, enter
from operations.isolation.attacker import Attacker
from operations.isolation.canaries import Canaries, apart, read_canaries
from operations.isolation.change_monitor import Watch
from operations.isolation.probes.database import try_database
from operations.isolation.probes.http import OF_TENANTS, control, try_routes
from operations.isolation.probes.shared_state import try_shared
from operations.isolation.probes.storage import try_store
from operations.isolation.report import Ledger
from operations.isolation.routes import Route, all_routes
from operations.isolation.seeding import plant
from operations.isolation.tenants import Party, found_party, leftovers, remove
from operations.isolation.transport import InProcess, Transport
from tenants.schemas.owner import ALIAS, owner_connection

AUDIT_LOCK = 0x41474941  # any number, the same in every process
Progress = Callable[[str], None]


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock of audits: what is left over then belongs to nobody. Raises CommandError."""
    owner_connection()
    # A connection of its own: the shared ones are closed with each request.
    own: Any = connections.create_connection(ALIAS)
    try:
        with enter(PUBLIC), own.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [AUDIT_LOCK])
            if not cursor.fetchone()[0]:
                raise CommandError("Another audit is running.")
        yield
    finally:
        own.close()


def clean(progress: Progress) -> int:
    """Remove what runs that were killed have left; return how many tenants that were."""
    found = leftovers()
    for tenant in found:
        progress(f"removing {tenant.slug or tenant.pk}, left by a former run")
        remove(tenant)
    return len(found)


def audit(transport: Transport, ledger: Ledger, progress: Progress, *, only: str = "") -> None:
    """Try everything and write it into ``ledger``. Call inside ``alone()``.

    ``only`` keeps to the routes whose path has it.

    Raises Blind when a crossing would not be seen, OSError and StorageUnavailable when a server
    does not answer. Nothing is left behind, whatever happens.
    """
    try:
        progress("planting canaries")
        one, two = _planted(), _planted()
        one, two = apart(one, two)
        routes = [route for route in all_routes() if only in route.shown]
        _attack(one.party, two, routes, transport, ledger, progress)
        # What is asked at a central host does not depend on which of the two asks.
        own = [route for route in routes if route.site in OF_TENANTS]
        _attack(two.party, one, own, transport, ledger, progress)
    finally:
        clean(lambda line: None)


def _planted() -> Canaries:
    party = found_party()
    plant(party, InProcess())
    return read_canaries(party)


def _attack(
    attacker: Party,
    victim: Canaries,
    routes: list[Route],
    transport: Transport,
    ledger: Ledger,
    progress: Progress,
) -> None:
    ledger.extend(control(victim, transport))
    progress("database, store and shared things")
    ledger.extend(try_shared(attacker.ref, victim, transport))
    watch = Watch(victim.party.ref)
    try:
        ledger.extend(try_database(attacker.ref, victim.party.ref, watch.tables))
        ledger.extend(try_store(attacker.ref, victim))
        attacking = Attacker(attacker, victim)
        ledger.extend(try_routes(attacking, routes, watch, transport, progress))
    finally:
        watch.close()
