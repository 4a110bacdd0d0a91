"""Deletion of old rows: a batch with each new row of the same kind, so no cron job is needed.

``prune_sessions``, a periodic task of the housekeeper, deletes the rest in tenants that get no new
rows. What the rows were is in the audit trail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import ApiKey, Invitation, MailLink, Session
from accounts.sessions.expiry import session_end
from audit.services import SYSTEM, record
from core.db_backend.queries import delete_batch

BATCH_SIZE = 20


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Rows of a model are deleted when ``field`` is older than ``keep``."""

    model: Any
    field: str
    keep: timedelta


SESSION_RETENTION = timedelta(days=30)
RETENTION = {
    "sessions": RetentionRule(Session, "expires_at", SESSION_RETENTION),
    "links": RetentionRule(MailLink, "expires_at", timedelta(days=7)),
    # Managers look back at the invitations that they sent.
    "invitations": RetentionRule(Invitation, "expires_at", timedelta(days=90)),
    "api_keys": RetentionRule(ApiKey, "revoked_at", timedelta(days=30)),
}


def outdated_rows(kind: str, now: datetime) -> QuerySet[Any]:
    """Return the rows of a kind that are past their retention, oldest first."""
    rule = RETENTION[kind]
    rows: QuerySet[Any] = rule.model.objects.filter(**{f"{rule.field}__lt": now - rule.keep})
    return rows.order_by(rule.field)


def count_prunable(kind: str, now: datetime) -> int:
    """Return how many rows ``prune`` would mark or delete in the end."""
    expired = _expired_sessions(now).count() if kind == "sessions" else 0
    return expired + outdated_rows(kind, now).count()


def prune(kind: str, now: datetime, batch_size: int = BATCH_SIZE) -> int:
    """Delete a batch of outdated rows and return their number. Locked rows are skipped.

    Of sessions, it also marks a batch of expired ones as ended. It reads no more rows than it
    changes (partial index ``session_not_ended``).
    """
    if kind != "sessions":
        return delete_batch(outdated_rows(kind, now), batch_size)
    with transaction.atomic():
        return _mark_expired(now, batch_size) + delete_batch(outdated_rows(kind, now), batch_size)


def _expired_sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(ended_at__isnull=True, expires_at__lte=now)


def _mark_expired(now: datetime, batch_size: int) -> int:
    rows = _expired_sessions(now).order_by("expires_at").select_for_update(skip_locked=True)
    expired = list(rows[:batch_size])
    for row in expired:
        if end := session_end(row, now):
            row.ended_at, row.end_reason = end.at, end.reason
    if expired:
        Session.objects.bulk_update(expired, ["ended_at", "end_reason"])
    for reason in sorted({row.end_reason for row in expired}):
        ids = [str(row.id) for row in expired if row.end_reason == reason]
        record("sessions.ended", actor=SYSTEM, reason=reason, count=len(ids), sessions=ids)
    return len(expired)
