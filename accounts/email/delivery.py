"""Sending the letters of one tenant's outbox. At least once: see docs/decisions/0008-mail.md.

A letter is claimed, written, sent and deleted in that order, each with a commit of its own, so that
no transaction waits for a mail server. The claim counts the attempt and puts the letter off by
``MAIL_LEASE``; whoever dies meanwhile has it sent again when that time is over.
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

from accounts.actors import user_target
from accounts.email.messages import MESSAGE_BUILDERS
from accounts.email.outbox import CHANNEL, original_request_context
from accounts.email.rate_limits import within_kind_limit, within_recipient_limit
from accounts.email.rendering import EmailContent, render_message
from accounts.email.transport import (
    MailConnection,
    is_permanent_failure,
    is_server_failure,
    short_error,
)
from accounts.models import Letter
from audit.services import ANONYMOUS, SYSTEM, Target, record
from core.request_context import use_request_context
from core.workers import ShouldStop, backoff_delay
from tenants import work_queue
from tenants.context import tenant_context
from tenants.refs import TenantRef

RETRY_DELAYS = {"first": timedelta(minutes=1), "longest": timedelta(hours=2)}


log = logging.getLogger(__name__)


@dataclass(slots=True)
class DeliveryOutcome:
    """How many letters are done with, how many wait again, and whether a mail server answered."""

    dealt_with: int = 0
    put_off: int = 0
    server_away: bool = False


def deliver_due_emails(
    tenant: TenantRef, carrier: MailConnection, stop: ShouldStop, outcome: DeliveryOutcome
) -> None:
    """Send the letters of a tenant that are due, and count what came of them in ``outcome``.

    Ends early when told to stop, and when the mail server cannot be reached: the letters that were
    not tried are as they were.
    """
    with tenant_context(tenant):
        while not (stop() or outcome.server_away) and (letter := claim_due_email()):
            with (
                use_request_context(original_request_context(letter)),
                override(letter.language or settings.LANGUAGE_CODE),
            ):
                _send(letter, carrier, outcome)


def claim_due_email() -> Letter | None:
    """Take the letter that has been due longest, so that nobody else sends it meanwhile."""
    now = timezone.now()
    with transaction.atomic():
        due = Letter.objects.select_for_update(skip_locked=True).filter(due_at__lte=now)
        letter = due.order_by("due_at", "id").first()
        if letter is not None:
            letter.attempts += 1
            letter.due_at = now + settings.MAIL_LEASE
            letter.save(update_fields=["attempts", "due_at"])
    return letter


def _send(letter: Letter, carrier: MailConnection, outcome: DeliveryOutcome) -> None:
    try:
        written = _render(letter)
        if written is not None:
            carrier.send(written[1])
    except Exception as exc:  # noqa: BLE001 - a letter that breaks must not hold up the others
        outcome.put_off += _reschedule(letter, exc)
        outcome.server_away = is_server_failure(exc)
        return
    _finish(letter, written[0] if written else None)
    outcome.dealt_with += 1


def _render(letter: Letter) -> tuple[EmailContent, EmailMessage] | None:
    """Return what goes out; None if nobody is to get it, or got as many as one may."""
    is_first = letter.attempts == 1
    if is_first and not within_kind_limit(letter):
        return None
    with transaction.atomic():
        mail = MESSAGE_BUILDERS[letter.kind](letter)
        if mail is None:
            return None
        # After the letter is made: one that nobody is to get uses nothing up.
        if is_first and not within_recipient_limit(letter):
            transaction.set_rollback(True)  # the link that it would have brought
            return None
        return mail, render_message(letter, mail)


def _finish(letter: Letter, mail: EmailContent | None) -> None:
    with transaction.atomic():
        if mail is not None and mail.event and mail.about is not None:
            record(mail.event, actor=ANONYMOUS, target=user_target(mail.about))
        letter.delete()


def _reschedule(letter: Letter, error: Exception) -> bool:
    """Try again later, ever more rarely; give up what was refused for good or is too old."""
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


# Looking at every tenant's outbox, and listening for letters that were just posted.


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
