"""Taking old rows away a few at a time, with each new one of their kind.

So nobody has to remember a cron job; ``prune_sessions``, a chore of the housekeeper, takes what is
left where nothing new comes.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import ApiKey, Invitation, MailLink, Session
from accounts.sessions.expiry import session_end
from audit.services import SYSTEM, record
from core.db_backend.queries import delete_batch

BATCH_SIZE = 20


RETENTION = {
    "links": timedelta(days=7),
    "invitations": timedelta(days=90),  # managers look back at whom they have asked
    "api_keys": timedelta(days=30),
}


SESSION_RETENTION = timedelta(days=30)


SESSION_BATCH_SIZE = 20


NOT_ENDED = Q(ended_at__isnull=True)


def outdated_rows(kind: str, now: datetime) -> QuerySet[Any]:
    """Return the rows that nobody needs any more: links, invitations or API keys.

    What they were is in the audit trail.
    """
    before = now - RETENTION[kind]
    if kind == "links":
        return MailLink.objects.filter(expires_at__lt=before)
    if kind == "invitations":
        return Invitation.objects.filter(expires_at__lt=before)
    return ApiKey.objects.filter(revoked_at__lt=before)


def prune_rows(kind: str, now: datetime, at_once: int = BATCH_SIZE) -> int:
    """Delete a few of them and return how many. What somebody holds is left for the next time."""
    return delete_batch(outdated_rows(kind, now), at_once)


# Old sessions go as new ones come, so that no cron job has to be remembered.
#
# Each log-in takes a few; ``prune_sessions``, a chore of the housekeeper, takes what is left where
# nobody logs in. Both read no more rows than they change (partial index ``session_not_ended``).


def prune_sessions(now: datetime, at_once: int = SESSION_BATCH_SIZE) -> int:
    """Mark a few sessions that ran out and delete a few long-dead ones; return how many.

    Rows that somebody holds are left for the next time.
    """
    with transaction.atomic():
        return _mark_expired_sessions(now, at_once) + delete_batch(_outdated_sessions(now), at_once)


def count_prunable_sessions(now: datetime) -> int:
    """Return how many ``prune_sessions`` would mark or delete in the end."""
    return (
        Session.objects.filter(NOT_ENDED, expires_at__lte=now).count()
        + _outdated_sessions(now).count()
    )


def _outdated_sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expires_at__lt=now - SESSION_RETENTION).order_by("expires_at")


def _mark_expired_sessions(now: datetime, at_once: int) -> int:
    rows = Session.objects.filter(NOT_ENDED, expires_at__lte=now)
    found = list(rows.order_by("expires_at").select_for_update(skip_locked=True)[:at_once])
    for row in found:
        if ending := session_end(row, now):
            row.ended_at, row.end_reason = ending.at, ending.reason
    if found:
        Session.objects.bulk_update(found, ["ended_at", "end_reason"])
    for reason in sorted({row.end_reason for row in found}):
        ids = [str(row.id) for row in found if row.end_reason == reason]
        record("sessions.ended", actor=SYSTEM, reason=reason, count=len(ids), sessions=ids)
    return len(found)
