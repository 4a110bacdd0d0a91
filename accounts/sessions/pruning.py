"""Old sessions go as new ones come, so that no cron job has to be remembered.

Each log-in takes a few; ``prune_sessions``, a chore of the housekeeper, takes what is left where
nobody logs in. Both read no more rows than they change (partial index ``session_not_ended``).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import Session
from accounts.sessions.expiry import session_end
from audit.services import SYSTEM, record
from core.db_backend.queries import delete_batch

SESSION_RETENTION = timedelta(days=30)
SESSION_BATCH_SIZE = 20
NOT_ENDED = Q(ended_at__isnull=True)


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
