"""Taking old rows away a few at a time, with each new one of their kind.

So nobody has to remember a cron job; ``prune_sessions``, a chore of the housekeeper, takes what is
left where nothing new comes.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.models import ApiKey, Invitation, MailLink
from core.db_backend.queries import delete_batch

BATCH_SIZE = 20
RETENTION = {
    "links": timedelta(days=7),
    "invitations": timedelta(days=90),  # managers look back at whom they have asked
    "api_keys": timedelta(days=30),
}


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
