"""Delivery of the outbox, at least once per e-mail (docs/decisions/0008-mail.md).

An e-mail is claimed, rendered, sent and deleted, each with its own commit, so no transaction waits
for a mail server. The claim counts the attempt and moves ``due_at`` by ``MAIL_LEASE``. If the
process dies, the e-mail is sent again after that time.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import DatabaseError, close_old_connections, transaction
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import override

from accounts.email.language import recipient_preferences
from accounts.email.messages import MESSAGE_BUILDERS
from accounts.email.outbox import CHANNEL, original_request_context
from accounts.email.rate_limits import within_kind_limit, within_recipient_limit
from accounts.email.rendering import EmailContent, render_message
from accounts.email.tenant_lists import deliver_tenant_lists
from accounts.email.transport import (
    MailConnection,
    is_permanent_failure,
    is_server_failure,
    short_error,
)
from accounts.models import Letter
from accounts.users.queries import user_target
from audit.services import ANONYMOUS, SYSTEM, Target, record
from core.request_context import use_request_context
from core.workers import ShouldStop, backoff_delay
from tenants import work_queue
from tenants.context import TenantRef, tenant_context

RETRY_DELAYS = {"first": timedelta(minutes=1), "longest": timedelta(hours=2)}
log = logging.getLogger(__name__)


@dataclass(slots=True)
class DeliveryOutcome:
    """Counts of finished and rescheduled e-mails, and whether the mail server is down."""

    dealt_with: int = 0
    put_off: int = 0
    server_away: bool = False


def deliver_due_emails(
    tenant: TenantRef, connection: MailConnection, stop: ShouldStop, outcome: DeliveryOutcome
) -> None:
    """Send the due e-mails of a tenant and count the results in ``outcome``.

    Stops early on request, or if the mail server is down. The remaining e-mails stay unchanged.
    """
    with tenant_context(tenant):
        while not (stop() or outcome.server_away) and (letter := claim_due_email()):
            with use_request_context(original_request_context(letter)):
                _send(letter, connection, outcome)


def claim_due_email() -> Letter | None:
    """Claim the e-mail that has been due longest, so that no other process sends it."""
    return work_queue.claim_due(
        Letter.objects.all(), "due_at", "attempts", lease=settings.MAIL_LEASE
    )


def _send(letter: Letter, connection: MailConnection, outcome: DeliveryOutcome) -> None:
    try:
        rendered = _render(letter)
        if rendered is not None:
            connection.send(rendered[1])
    except Exception as exc:  # noqa: BLE001 - an error in one e-mail must not stop the others
        outcome.put_off += _reschedule(letter, exc)
        outcome.server_away = is_server_failure(exc)
        return
    _finish(letter, rendered[0] if rendered else None)
    outcome.dealt_with += 1


def _render(letter: Letter) -> tuple[EmailContent, EmailMessage] | None:
    """Return the e-mail; None if it must not be sent, or is above a rate limit."""
    is_first = letter.attempts == 1
    if is_first and not within_kind_limit(letter):
        return None
    letter.language, zone = recipient_preferences(letter)
    with override(letter.language), timezone.override(zone), transaction.atomic():
        mail = MESSAGE_BUILDERS[letter.kind](letter)
        if mail is None:
            return None
        # After rendering: an e-mail without a recipient must not be counted.
        if is_first and not within_recipient_limit(letter):
            transaction.set_rollback(True)  # the token in its link
            return None
        return mail, render_message(letter, mail)


def _finish(letter: Letter, mail: EmailContent | None) -> None:
    with transaction.atomic():
        if mail is not None and mail.audit_action and mail.audit_user is not None:
            record(mail.audit_action, actor=ANONYMOUS, target=user_target(mail.audit_user))
        letter.delete()


def _reschedule(letter: Letter, error: Exception) -> bool:
    """Schedule the next attempt with a growing delay; return False after giving up.

    It gives up after a permanent failure, and when the e-mail is too old.
    """
    extra = {"letter": str(letter.id), "kind": letter.kind, "attempt": letter.attempts}
    log.warning("mail_failed", extra={**extra, "error": short_error(error)})
    letter.last_error = short_error(error)
    if (
        is_permanent_failure(error)
        or timezone.now() - letter.created_at > settings.MAIL_GIVE_UP_AFTER
    ):
        _give_up(letter)
        return False
    letter.due_at = timezone.now() + backoff_delay(letter.attempts, **RETRY_DELAYS)
    letter.save(update_fields=["due_at", "last_error"])
    return True


def _give_up(letter: Letter) -> None:
    with transaction.atomic():
        record(
            "mail.given_up",
            actor=SYSTEM,
            target=Target("letter", str(letter.id), letter.recipient),
            kind=letter.kind,
            attempts=letter.attempts,
            error=letter.last_error,
        )
        letter.delete()


def deliver_all_tenants(
    stop: ShouldStop = lambda: False, between: Callable[[], None] = lambda: None
) -> DeliveryOutcome:
    """Send the due e-mails of every active tenant and return the results.

    Enters one tenant after the other, because the database role of the web may read no other way.
    ``between`` is called after each tenant, for work that must not wait for the whole sweep.

    Raises: OperationalError, InterfaceError when the database is down.
    """
    outcome = DeliveryOutcome()
    with MailConnection() as connection:
        # A tenant whose deletion is scheduled is not active and sends nothing any more.
        for tenant in work_queue.served_tenants():
            if stop() or outcome.server_away:
                break
            _deliver_tenant(tenant, connection, stop, outcome)
            close_old_connections()  # a connection that has entered many tenants is replaced
            between()
        if not outcome.server_away:
            outcome.dealt_with += deliver_tenant_lists(connection, stop)
    return outcome


def run_mailer(stop: ShouldStop, alive: Callable[[], None]) -> None:
    """Send e-mails when they are queued, and sweep regularly, until told to stop."""
    queue = work_queue.WorkQueue(
        CHANNEL, settings.MAIL_SWEEP_SECONDS, deliver_all_tenants, _process_tenant
    )
    work_queue.run_worker(queue, stop, alive)


def _process_tenant(tenant: TenantRef, stop: ShouldStop) -> None:
    with MailConnection() as connection:
        _deliver_tenant(tenant, connection, stop, DeliveryOutcome())
    close_old_connections()


def _deliver_tenant(
    tenant: TenantRef, connection: MailConnection, stop: ShouldStop, outcome: DeliveryOutcome
) -> None:
    """Send the due e-mails of a tenant. An error in one tenant must not stop the others."""
    try:
        deliver_due_emails(tenant, connection, stop, outcome)
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError as exc:  # being purged, or not migrated yet
        log.warning("mail_outbox_unreadable", extra={"slug": tenant.slug, "error": str(exc)[:200]})
