"""Reading the trail of the schema that the code runs in."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from audit.models import AuditEvent
from core.problems import NotFound


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are looked for; what is left empty is not asked about.

    ``action`` is a whole one, or the beginning of several if it ends in a dot. ``actor`` and
    ``target`` are ids. ``after`` counts itself in and ``before`` does not, so ranges can be joined.
    """

    action: str = ""
    actor: str = ""
    target: str = ""
    target_type: str = ""
    after: datetime | None = None
    before: datetime | None = None


def find_events(wanted: EventFilter) -> QuerySet[AuditEvent]:
    """Return the events that were looked for, each with its link."""
    asked = {
        "action__startswith" if wanted.action.endswith(".") else "action": wanted.action,
        "actor_id": wanted.actor,
        "target_id": wanted.target,
        "target_type": wanted.target_type,
        "at__gte": wanted.after,
        "at__lt": wanted.before,
    }
    found: QuerySet[AuditEvent] = AuditEvent.objects.select_related("link").filter(
        **{name: value for name, value in asked.items() if value}
    )
    return found


def get_event(event_id: uuid.UUID) -> AuditEvent:
    """Return one event. Raises NotFound."""
    event = AuditEvent.objects.select_related("link").filter(pk=event_id).first()
    if event is None:
        raise NotFound
    return event


def recent_ip_addresses(*, actor: str, action: str, after: datetime, limit: int = 100) -> list[str]:
    """Return the addresses of an actor's latest events of one kind; those that are known."""
    events = AuditEvent.objects.filter(actor_id=actor, action=action, at__gte=after)
    found = events.exclude(ip=None).order_by("-at").values_list("ip", flat=True)
    return [str(ip) for ip in found[:limit]]
