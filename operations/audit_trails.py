"""Verification of the audit trails of the platform and of every tenant, as the owner."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from audit.verification import ChainHead, VerificationResult, verify_chain
from core.db_backend.scope import PUBLIC, use_scope
from tenants.fleet.members import list_members
from tenants.models import Tenant, TrailHead
from tenants.schemas.owner import OWNER_ALIAS, owner_connection
from tenants.schemas.schema_state import schema_scope

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """An audit trail; the platform's has no tenant."""

    name: str
    schema: str
    tenant: uuid.UUID | None = None


PLATFORM_TRAIL = AuditTrail("the platform", "public")


def all_trails() -> list[AuditTrail]:
    """Return all trails, the platform's first."""
    existing = [m for m in list_members() if m.status != Tenant.Status.DELETING]
    return [PLATFORM_TRAIL, *(AuditTrail(m.name, m.schema, m.id) for m in existing)]


def tenant_trails(slugs: Sequence[str]) -> list[AuditTrail]:
    """Return the trails of these tenants. Raises: CommandError with the unknown subdomains."""
    return [AuditTrail(m.name, m.schema, m.id) for m in list_members(list(slugs))]


def overdue_trails(trails: list[AuditTrail], *, seconds: int) -> list[AuditTrail]:
    """Return trails without a successful verification for this time, the oldest first."""
    with use_scope(PUBLIC):
        rows = TrailHead.objects.using(OWNER_ALIAS).values_list("tenant", "verified_at")
        verified_at: dict[uuid.UUID | None, datetime | None] = dict(rows)
    before = timezone.now() - timedelta(seconds=seconds)
    never = before - timedelta(days=1)
    last = {trail: verified_at.get(trail.tenant) or never for trail in trails}
    return sorted((trail for trail in trails if last[trail] <= before), key=last.__getitem__)


def verify_trail(trail: AuditTrail, *anchors: ChainHead) -> VerificationResult:
    """Verify a trail, also against its last stored head; store and log the result.

    The head is stored only if the trail is intact.

    Raises: DatabaseError, CommandError without the owner's login.
    """
    previous = _stored_head(trail)
    with use_scope(schema_scope(trail.schema)), owner_connection().cursor() as cursor:
        verdict = verify_chain(cursor, *anchors, *previous)
    fields = {"trail": trail.schema, "head": str(verdict.head)}
    _store_result(trail, verdict)
    if verdict.is_intact:
        log.info("audit_verified", extra=fields)
    else:
        log.error("audit_broken", extra={**fields, "faults": verdict.faults})
    return verdict


def reset_trail_head(tenant_id: uuid.UUID) -> None:
    """Delete the stored head of a trail that was replaced by an archive's, on record."""
    with use_scope(PUBLIC):
        TrailHead.objects.filter(tenant_id=tenant_id).delete()


def _stored_head(trail: AuditTrail) -> list[ChainHead]:
    with use_scope(PUBLIC):
        rows = TrailHead.objects.using(OWNER_ALIAS).filter(tenant=trail.tenant)
        return [ChainHead(row.sequence, row.hash) for row in rows]


def _store_result(trail: AuditTrail, verdict: VerificationResult) -> None:
    with use_scope(PUBLIC), transaction.atomic(using=OWNER_ALIAS):
        if trail.tenant and not Tenant.objects.using(OWNER_ALIAS).filter(pk=trail.tenant).exists():
            return  # purged during the verification
        rows = TrailHead.objects.using(OWNER_ALIAS).filter(tenant=trail.tenant)
        row = rows.first() or TrailHead(tenant_id=trail.tenant, sequence=0)
        row.checked_at, row.faults = timezone.now(), len(verdict.faults)
        if verdict.is_intact:
            row.sequence, row.hash = verdict.head.sequence, verdict.head.hash
            row.verified_at = row.checked_at
        row.save(using=OWNER_ALIAS)
