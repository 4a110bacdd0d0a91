"""Writing the record. Call inside the transaction that makes the change, so both stand or fall."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from audit.models import AuditEvent
from core.db_backend.queries import insert
from core.request_context import request_context

MAX_LABEL_LENGTH = 254


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person of the tenant, platform staff, the system itself, or nobody known."""

    type: str
    id: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What was acted on."""

    type: str
    id: str
    label: str = ""


SYSTEM = Actor("system")
ANONYMOUS = Actor("anonymous")


def record(action: str, *, actor: Actor, target: Target | None = None, **details: Any) -> None:
    """Append one event to the record of the schema that the code runs in.

    ``details`` must be JSON and must never hold a secret, nor a name or an address: those belong
    into the labels, which can be erased. Address, user agent, request id and the API key that was
    shown come from the request being served.
    """
    context = request_context()
    if context.api_key:
        details["api_key"] = context.api_key
    _append(action, actor, target, details)


def anonymise_events(person_id: str, *, actor: Actor = SYSTEM, kind: str = "user") -> int:
    """Take what is personal of one person out of the trail of the schema that the code runs in.

    Labels, addresses and user agents go; ids, what was done and when stay, and the chain still
    verifies. It is done by PostgreSQL as it adds the event ``person.erased``, so it is always on
    record. Call it last in the transaction that erases the person. Return how many events had
    something to erase.
    """
    with transaction.atomic():
        event = _append("person.erased", actor, Target(kind, person_id), {})
        event.refresh_from_db(fields=["details"])
    return int(event.details["events"])


def _append(
    action: str, actor: Actor, target: Target | None, details: dict[str, Any]
) -> AuditEvent:
    context = request_context()
    event = AuditEvent(
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
    insert(event)
    return event
