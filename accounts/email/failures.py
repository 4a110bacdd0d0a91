"""E-mails of a tenant that were not delivered: those that are tried again, and those given up.

An e-mail that was given up has no row any more: the audit trail has its kind, recipient and error.
Nothing here reads the data of an e-mail, so no secret can be shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.email.outbox import CHANNEL
from accounts.models import Letter
from audit.queries import EventFilter, find_events
from audit.services import Actor, Target, record
from tenants.work_queue import notify_workers

GIVEN_UP = "mail.given_up"


@dataclass(frozen=True, slots=True)
class FailedEmail:
    """An e-mail whose last attempt failed. ``due_at`` is None if there is no other attempt."""

    id: str
    kind: str
    recipient: str
    attempts: int
    error: str
    failed_since: datetime
    due_at: datetime | None

    @property
    def is_given_up(self) -> bool:
        """Whether it is not sent any more."""
        return self.due_at is None


def failed_emails(*, given_up_within: timedelta) -> list[FailedEmail]:
    """Return the failed e-mails of the current tenant, those that are tried again first.

    Those given up are listed if that was less than ``given_up_within`` ago.
    """
    since = timezone.now() - given_up_within
    return [*_waiting(), *_given_up(since)]


def count_failed_emails(*, given_up_within: timedelta) -> int:
    """Return the number of the e-mails that ``failed_emails`` lists, in two queries."""
    given_up = find_events(EventFilter(action=GIVEN_UP, after=timezone.now() - given_up_within))
    return Letter.objects.exclude(last_error="").count() + given_up.count()


def retry_failed_emails(*, actor: Actor) -> int:
    """Make the failed e-mails of the current tenant due now; return their number.

    One that is being sent at this moment may be sent twice, with the same Message-ID: delivery is
    at least once (delivery.py).
    """
    with transaction.atomic():
        failed = Letter.objects.exclude(last_error="").select_for_update(skip_locked=True)
        letters = list(failed)
        Letter.objects.filter(pk__in=[row.pk for row in letters]).update(due_at=timezone.now())
        for row in letters:
            target = Target("letter", str(row.id), row.recipient)
            record("mail.retried", actor=actor, target=target, kind=row.kind)
        if letters:
            notify_workers(CHANNEL)
    return len(letters)


def _waiting() -> Iterator[FailedEmail]:
    for row in Letter.objects.exclude(last_error=""):
        yield FailedEmail(
            id=str(row.id),
            kind=row.kind,
            recipient=row.recipient,
            attempts=row.attempts,
            error=row.last_error,
            failed_since=row.created_at,
            due_at=row.due_at,
        )


def _given_up(since: datetime) -> Iterator[FailedEmail]:
    for event in find_events(EventFilter(action=GIVEN_UP, after=since)):
        yield FailedEmail(
            id=event.target_id,
            kind=str(event.details.get("kind", "")),
            recipient=event.target_label,
            attempts=int(event.details.get("attempts", 0)),
            error=str(event.details.get("error", "")),
            failed_since=event.at,
            due_at=None,
        )
