"""Looking at every tenant's outbox, and listening for letters that were just posted."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.db.utils import InterfaceError, OperationalError

from accounts.email.delivery import Outcome, deliver
from accounts.email.outbox import CHANNEL
from accounts.email.transport import Carrier
from core.long_running import Stop
from tenants import work_queue
from tenants.refs import TenantRef

log = logging.getLogger(__name__)


def sweep(stop: Stop = lambda: False, between: Callable[[], None] = lambda: None) -> Outcome:
    """Send what is due in every tenant that is served; return what came of it all.

    Enters one tenant after the other: a web login may read no other way. ``between`` is called
    after each, for what must not wait for thousands of them. Raises OperationalError and
    InterfaceError when the database is away.
    """
    outcome = Outcome()
    with Carrier() as carrier:
        # One that waits for its deletion says so by mail, and sends nothing from then on.
        for tenant in work_queue.served_tenants():
            if stop() or outcome.server_away:
                break
            _deliver(tenant, carrier, stop, outcome)
            close_old_connections()  # one that has met many tenants is replaced
            between()
    return outcome


def watch(stop: Stop, alive: Callable[[], None]) -> None:
    """Send letters as they are posted, and sweep now and then, until told to stop."""
    ours = work_queue.Rounds(CHANNEL, settings.MAIL_SWEEP_SECONDS, sweep, _visit)
    work_queue.watch(ours, stop, alive)


def _visit(tenant: TenantRef, stop: Stop) -> None:
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
