"""The audit trails of the platform and of every tenant, verified by the owner."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from audit.verification import Head, Verdict, verify
from core.db_backend.scope import PUBLIC, enter
from tenants.fleet.members import members
from tenants.models import Tenant, TrailHead
from tenants.schemas.owner import ALIAS, owner_connection
from tenants.schemas.schema_state import schema_scope

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trail:
    """One trail; the platform's own has no tenant."""

    name: str
    schema: str
    tenant: uuid.UUID | None = None


PLATFORM = Trail("the platform", "public")


def all_trails() -> list[Trail]:
    """Return every trail, the platform's first."""
    living = [m for m in members() if m.status != Tenant.Status.DELETING]
    return [PLATFORM, *(Trail(m.name, m.schema, m.id) for m in living)]


def trails_of(slugs: Sequence[str]) -> list[Trail]:
    """Return the trails of these tenants. Raises CommandError that names those there are not."""
    return [Trail(m.name, m.schema, m.id) for m in members(list(slugs))]


def due(trails: list[Trail], *, seconds: int) -> list[Trail]:
    """Return those that were not found whole for so long, the longest ago first."""
    with enter(PUBLIC):
        rows = TrailHead.objects.using(ALIAS).values_list("tenant", "verified_at")
        known: dict[uuid.UUID | None, datetime] = dict(rows)
    before = timezone.now() - timedelta(seconds=seconds)
    never = before - timedelta(days=1)
    late = [trail for trail in trails if known.get(trail.tenant, never) <= before]
    return sorted(late, key=lambda trail: known.get(trail.tenant, never))


def verify_trail(trail: Trail, *anchors: Head) -> Verdict:
    """Verify a trail, also against where it ended the last time; log its head if it is whole.

    Raises DatabaseError, CommandError without the owner's login.
    """
    former = _head_of(trail)
    with enter(schema_scope(trail.schema)), owner_connection().cursor() as cursor:
        verdict = verify(cursor, *anchors, *former)
    facts = {"trail": trail.schema, "head": str(verdict.head)}
    if verdict.is_whole:
        _keep(trail, verdict.head)
        log.info("audit_verified", extra=facts)
    else:
        log.error("audit_broken", extra={**facts, "faults": verdict.faults})
    return verdict


def forget_head(tenant_id: uuid.UUID) -> None:
    """Let a tenant's trail begin anew: it was replaced, on record, by that of an archive."""
    with enter(PUBLIC):
        TrailHead.objects.filter(tenant_id=tenant_id).delete()


def _head_of(trail: Trail) -> list[Head]:
    with enter(PUBLIC):
        rows = TrailHead.objects.using(ALIAS).filter(tenant=trail.tenant)
        return [Head(row.sequence, row.hash) for row in rows]


def _keep(trail: Trail, head: Head) -> None:
    with enter(PUBLIC), transaction.atomic(using=ALIAS):
        if trail.tenant and not Tenant.objects.using(ALIAS).filter(pk=trail.tenant).exists():
            return  # purged meanwhile
        rows = TrailHead.objects.using(ALIAS).filter(tenant=trail.tenant)
        row = rows.first() or TrailHead(tenant_id=trail.tenant)
        row.sequence, row.hash, row.verified_at = head.sequence, head.hash, timezone.now()
        row.save(using=ALIAS)
