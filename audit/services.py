"""Writing the record. Call inside the transaction that makes the change, so both stand or fall."""

from dataclasses import dataclass
from typing import Any

from audit.models import AuditEvent
from core.context import request_context

LABEL = 254


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

    ``details`` must be JSON and must never hold a secret. Address, user agent and request id come
    from the request being served.
    """
    context = request_context()
    AuditEvent.objects.create(
        action=action,
        actor_type=actor.type,
        actor_id=actor.id,
        actor_label=actor.label[:LABEL],
        target_type=target.type if target else "",
        target_id=target.id if target else "",
        target_label=target.label[:LABEL] if target else "",
        ip=context.client_address or None,
        user_agent=context.user_agent,
        request_id=context.request_id,
        details=details,
    )
