"""Looking at every tenant's outbox, and listening for letters that were just posted."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.db.utils import InterfaceError, OperationalError

from accounts.mail.carrier import Carrier
from accounts.mail.delivering import Outcome, Stop, deliver
from accounts.mail.outbox import CHANNEL
from core.database.scope import PUBLIC, enter
from tenants.models import Tenant
from tenants.queries import present_tenants
from tenants.refs import TenantRef, ref_of
from tenants.routing import tenant_by_id

# How long a wait for word is at most; a signal to stop is looked at in between.
PATIENCE = 1.0
AFTER_TROUBLE = 2.0
log = logging.getLogger(__name__)


def sweep(stop: Stop = lambda: False, between: Callable[[], None] = lambda: None) -> Outcome:
    """Send what is due in every tenant that is served; return what came of it all.

    Enters one tenant after the other: a web login may read no other way. ``between`` is called
    after each, for what must not wait for thousands of them. Raises OperationalError and
    InterfaceError when the database is away.
    """
    outcome = Outcome()
    with Carrier() as carrier:
        for tenant in _sending():
            if stop() or outcome.server_away:
                break
            _deliver(tenant, carrier, stop, outcome)
            close_old_connections()  # one that has met many tenants is replaced
            between()
    return outcome


def watch(stop: Stop, alive: Callable[[], None]) -> None:
    """Send letters as they are posted, and sweep now and then, until told to stop.

    ``alive`` is called again and again while that goes well. A database that is away is waited for.
    """

    def stop_or_live() -> bool:
        alive()
        return stop()

    while not stop_or_live():
        try:
            _watch(stop_or_live)
        except (DatabaseError, psycopg.Error) as exc:
            log.warning("mail_waits_for_database", extra={"error": str(exc)[:200]})
            time.sleep(AFTER_TROUBLE)
        finally:
            connections.close_all()


def _watch(stop: Stop) -> None:
    with _listening() as raw:
        swept = float(-settings.MAIL_SWEEP_SECONDS)
        while not stop():
            if time.monotonic() - swept >= settings.MAIL_SWEEP_SECONDS:
                sweep(stop, lambda: _answer(raw, stop, patience=0))
                swept = time.monotonic()
            _answer(raw, stop, patience=PATIENCE)


def _answer(raw: psycopg.Connection[Any], stop: Stop, *, patience: float) -> None:
    for tenant_id in _told(raw, patience):
        _deliver_to(tenant_id, stop)


def _told(raw: psycopg.Connection[Any], patience: float) -> set[uuid.UUID]:
    """Return the tenants that have posted letters; waits ``patience`` seconds for the first."""
    told = set()
    for notice in raw.notifies(timeout=patience, stop_after=1):
        with suppress(ValueError):
            told.add(uuid.UUID(notice.payload))
    return told


@contextmanager
def _listening() -> Iterator[psycopg.Connection[Any]]:
    """Listen on a connection of its own, which enters no tenant."""
    wrapper = connections.create_connection("default")
    try:
        with enter(PUBLIC):
            wrapper.ensure_connection()
            wrapper.connection.execute(f"LISTEN {CHANNEL}")
        yield wrapper.connection
    finally:
        wrapper.close()


def _deliver_to(tenant_id: uuid.UUID, stop: Stop) -> None:
    tenant = tenant_by_id(tenant_id)
    if tenant is not None and tenant.status == Tenant.Status.ACTIVE and not tenant.maintenance:
        with Carrier() as carrier:
            _deliver(tenant, carrier, stop, Outcome())
    close_old_connections()


def _deliver(tenant: TenantRef, carrier: Carrier, stop: Stop, outcome: Outcome) -> None:
    """Send all that is due in a tenant. One that is half there must not hold up the others."""
    try:
        deliver(tenant, carrier, stop, outcome)
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError as exc:  # being purged, or not migrated yet
        log.warning("mail_outbox_unreadable", extra={"slug": tenant.slug, "error": str(exc)[:200]})


def _sending() -> list[TenantRef]:
    """Return the tenants whose letters go out. One that waits for its deletion says so by mail."""
    with enter(PUBLIC):
        rows = present_tenants().filter(status=Tenant.Status.ACTIVE)
        return [ref_of(tenant) for tenant in rows.order_by("created_at")]
