"""Looking at every tenant's outbox, and listening for letters that were just posted."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.db.utils import InterfaceError, OperationalError

from accounts.email.delivery import DeliveryOutcome, deliver_due_emails
from accounts.email.outbox import CHANNEL
from accounts.email.transport import MailConnection
from core.workers import ShouldStop
from tenants import work_queue
from tenants.refs import TenantRef

log = logging.getLogger(__name__)


def deliver_all_tenants(
    stop: ShouldStop = lambda: False, between: Callable[[], None] = lambda: None
) -> DeliveryOutcome:
    """Send what is due in every tenant that is served; return what came of it all.

    Enters one tenant after the other: a web login may read no other way. ``between`` is called
    after each, for what must not wait for thousands of them. Raises OperationalError and
    InterfaceError when the database is away.
    """
    outcome = DeliveryOutcome()
    with MailConnection() as carrier:
        # One that waits for its deletion says so by mail, and sends nothing from then on.
        for tenant in work_queue.served_tenants():
            if stop() or outcome.server_away:
                break
            _deliver_tenant(tenant, carrier, stop, outcome)
            close_old_connections()  # one that has met many tenants is replaced
            between()
    return outcome


def run_mailer(stop: ShouldStop, alive: Callable[[], None]) -> None:
    """Send letters as they are posted, and sweep now and then, until told to stop."""
    ours = work_queue.WorkQueue(
        CHANNEL, settings.MAIL_SWEEP_SECONDS, deliver_all_tenants, _process_tenant
    )
    work_queue.run_worker(ours, stop, alive)


def _process_tenant(tenant: TenantRef, stop: ShouldStop) -> None:
    with MailConnection() as carrier:
        _deliver_tenant(tenant, carrier, stop, DeliveryOutcome())
    close_old_connections()


def _deliver_tenant(
    tenant: TenantRef, carrier: MailConnection, stop: ShouldStop, outcome: DeliveryOutcome
) -> None:
    """Send all that is due in a tenant. One that is half there must not hold up the others."""
    try:
        deliver_due_emails(tenant, carrier, stop, outcome)
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError as exc:  # being purged, or not migrated yet
        log.warning("mail_outbox_unreadable", extra={"slug": tenant.slug, "error": str(exc)[:200]})
