"""Writing audit events. Call these in the transaction of the change, so both commit or neither."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from audit.models import AuditEvent
from core.db_backend.queries import insert
from core.request_context import request_context

MAX_LABEL_LENGTH = 254


@dataclass(frozen=True, slots=True)
class Actor:
    """The actor of an event: a user of the tenant, platform staff, the system, or anonymous."""

    type: str
    id: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """The object of an event."""

    type: str
    id: str
    label: str = ""


SYSTEM = Actor("system")
ANONYMOUS = Actor("anonymous")


def record(action: str, *, actor: Actor, target: Target | None = None, **details: Any) -> None:
    """Append one event to the trail of the current schema.

    ``details`` must be JSON without secrets, names or e-mail addresses: names and addresses belong
    in the labels, which can be erased. The IP address, the user agent, the request id and the API
    key are taken from the current request.
    """
    context = request_context()
    if context.api_key:
        details["api_key"] = context.api_key
    _append(action, actor, target, details)


def record_many(
    action: str, *, actor: Actor, events: Iterable[tuple[Target, Mapping[str, Any]]]
) -> None:
    """Append an event for each target with its details, as ``record`` does, in one statement."""
    context = request_context()
    key = {"api_key": context.api_key} if context.api_key else {}
    AuditEvent.objects.bulk_create(
        [_event(action, actor, target, {**details, **key}) for target, details in events]
    )


def anonymise_events(user_id: str, *, actor: Actor = SYSTEM, kind: str = "user") -> int:
    """Remove a user's personal data from the trail of the current schema.

    Labels, IP addresses and user agents are cleared. Ids, actions and times stay, and the chain
    still verifies. PostgreSQL does this in the trigger that adds the event ``person.erased``, so
    an erasure is always recorded. Call it last in the transaction that erases the user.

    Returns how many events were changed.
    """
    with transaction.atomic():
        event = _append("person.erased", actor, Target(kind, user_id), {})
        event.refresh_from_db(fields=["details"])
    return int(event.details["events"])


def _append(
    action: str, actor: Actor, target: Target | None, details: dict[str, Any]
) -> AuditEvent:
    event = _event(action, actor, target, details)
    insert(event)
    return event


def _event(action: str, actor: Actor, target: Target | None, details: dict[str, Any]) -> AuditEvent:
    context = request_context()
    return AuditEvent(
        action=action,
        actor_type=actor.type,
        actor_id=actor.id,
        actor_label=actor.label[:MAX_LABEL_LENGTH],
        target_type=target.type if target else "",
        target_id=target.id if target else "",
        target_label=target.label[:MAX_LABEL_LENGTH] if target else "",
        ip=context.client_address or None,
        user_agent=context.user_agent,
        request_id=context.request_id,
        details=details,
    )
