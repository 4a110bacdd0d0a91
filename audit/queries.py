"""Queries on the audit trail of the current schema."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from audit.models import AuditEvent, AuditLink
from audit.verification import ChainHead
from core.problems import NotFound


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The filter of an event search. Empty fields are ignored.

    ``action`` is a complete action, or a prefix if it ends in a dot. ``actor`` and ``target`` are
    ids. ``after`` is inclusive and ``before`` is exclusive, so ranges can be joined.
    """

    action: str = ""
    actor: str = ""
    target: str = ""
    target_type: str = ""
    after: datetime | None = None
    before: datetime | None = None


def find_events(criteria: EventFilter) -> QuerySet[AuditEvent]:
    """Return the matching events with their links, newest first."""
    conditions = {
        "action__startswith" if criteria.action.endswith(".") else "action": criteria.action,
        "actor_id": criteria.actor,
        "target_id": criteria.target,
        "target_type": criteria.target_type,
        "at__gte": criteria.after,
        "at__lt": criteria.before,
    }
    found: QuerySet[AuditEvent] = AuditEvent.objects.select_related("link").filter(
        **{name: value for name, value in conditions.items() if value}
    )
    return found


def get_event(event_id: uuid.UUID) -> AuditEvent:
    """Return one event.

    Raises: NotFound.
    """
    event = AuditEvent.objects.select_related("link").filter(pk=event_id).first()
    if event is None:
        raise NotFound
    return event


def recent_ip_addresses(*, actor: str, action: str, after: datetime, limit: int = 100) -> list[str]:
    """Return the known IP addresses of an actor's latest events with this action."""
    events = AuditEvent.objects.filter(actor_id=actor, action=action, at__gte=after)
    found = events.exclude(ip=None).order_by("-at").values_list("ip", flat=True)
    return [str(ip) for ip in found[:limit]]


def chain_head() -> ChainHead | None:
    """Return the last position of the chain and its hash, or None without an event."""
    linked = AuditLink.objects.exclude(sequence=None).order_by("-sequence")
    row = linked.values_list("sequence", "hash").first()
    return ChainHead(row[0] or 0, bytes(row[1] or b"").hex()) if row else None


def chain_contains(head: ChainHead) -> bool:
    """Return whether the chain still has this hash at this position. The events are not read."""
    if head.sequence == 0:  # verified while there was no event
        return True
    return AuditLink.objects.filter(sequence=head.sequence, hash=bytes.fromhex(head.hash)).exists()
