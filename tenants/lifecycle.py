"""The life cycle of a tenant: suspension, maintenance and scheduled deletion.

Once a deletion is scheduled, requests are refused, and no data is deleted before the due date.
Purging the data needs the owner's login (operations/deletion/purge.py).
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError, ValidationFailed
from core.text.normalization import normalize_text
from core.text.translation import translatable
from tenants.context import tenant_target
from tenants.models import Tenant
from tenants.queries import lock_tenant, lock_undeleted_tenant
from tenants.routing import invalidate_route
from tenants.support_access.models import SupportAccess
from tenants.support_access.services import end_accesses

MAX_REASON_LENGTH = 400
MAX_GRACE_DAYS = 365
STATUS_ACTIONS = {
    Tenant.Status.ACTIVE: "tenant.resumed",
    Tenant.Status.SUSPENDED: "tenant.suspended",
    Tenant.Status.DELETING: "tenant.deletion_started",
}
DELETION_FIELDS = [
    "deletion_requested_at",
    "deletion_due_at",
    "export_before_deletion",
    "updated_at",
]
MAINTENANCE_FIELDS = ["maintenance", "maintenance_since", "maintenance_note", "updated_at"]


def clean_reason(text: str) -> str:
    """Return the reason of a suspension as one line of text. Raises: ValidationFailed."""
    text = normalize_text(text, "NFC", max_length=MAX_REASON_LENGTH, field="reason")
    reason = " ".join(text.split())
    if not reason.isprintable():
        error = FieldError("reason", "invalid", "Use text without control characters.")
        raise ValidationFailed(errors=[error])
    return reason


def suspend_tenant(tenant_id: uuid.UUID, *, actor: Actor, reason: str = "") -> Tenant:
    """Refuse every request to the tenant from the next one on. Idempotent."""
    return _set_status(tenant_id, Tenant.Status.SUSPENDED, actor, reason[:MAX_REASON_LENGTH])


def resume_tenant(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Serve a suspended tenant again."""
    return _set_status(tenant_id, Tenant.Status.ACTIVE, actor, "")


def mark_deleting(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Stop serving the tenant permanently: the first step of a purge."""
    return _set_status(tenant_id, Tenant.Status.DELETING, actor, "")


def begin_maintenance(
    tenant_id: uuid.UUID, reason: Tenant.Maintenance, *, actor: Actor, note: str = ""
) -> Tenant:
    """Stop serving the tenant from the next request on. ``note`` is for staff, e.g. an error.

    Raises: TenantNotFound.
    """
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        if (tenant.maintenance, tenant.maintenance_note) == (reason, note):
            return tenant
        tenant.maintenance, tenant.maintenance_note = reason, note
        tenant.maintenance_since = tenant.maintenance_since or timezone.now()
        _save_maintenance(tenant, "tenant.maintenance_began", actor)
        return tenant


def end_maintenance(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Serve the tenant again. A tenant that is not in maintenance is not changed.

    Raises: TenantNotFound.
    """
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        if tenant.maintenance:
            _save_maintenance(tenant, "tenant.maintenance_ended", actor, cleared=True)
        return tenant


@contextmanager
def maintenance_mode(
    tenant_id: uuid.UUID, reason: Tenant.Maintenance, *, actor: Actor
) -> Iterator[Tenant]:
    """Run the block while the tenant is in maintenance; if it raises, the tenant stays so."""
    tenant = begin_maintenance(tenant_id, reason, actor=actor)
    yield tenant
    end_maintenance(tenant_id, actor=actor)


def schedule_deletion(
    tenant_id: uuid.UUID, *, actor: Actor, days: int | None = None, export: bool = True
) -> Tenant:
    """Stop serving the tenant and set the date from which it may be purged.

    ``days`` is the grace period (default: DELETION_GRACE_DAYS); 0 means at once. A tenant that is
    scheduled already is not changed; cancel its deletion first.

    Raises: ValidationFailed, TenantNotFound.
    """
    wait = settings.DELETION_GRACE_DAYS if days is None else days
    if not 0 <= wait <= MAX_GRACE_DAYS:
        rule = translatable("Use 0 to %(most)s days.", most=MAX_GRACE_DAYS)
        raise ValidationFailed(errors=[FieldError("days", "out_of_range", rule)])
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        if tenant.deletion_due_at is not None:
            return tenant
        now = timezone.now()
        tenant.deletion_requested_at, tenant.deletion_due_at = now, now + timedelta(days=wait)
        tenant.export_before_deletion = export
        _save_deletion(
            tenant, "tenant.deletion_scheduled", actor, due_at=_due_at_text(tenant), export=export
        )
        _end_support(tenant, actor)
        return tenant


def cancel_deletion(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Serve the tenant again. A tenant that is not scheduled for deletion is not changed.

    Raises: TenantNotFound, also once the purge has begun.
    """
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        if tenant.deletion_due_at is None:
            return tenant
        due_at = _due_at_text(tenant)
        tenant.deletion_requested_at = tenant.deletion_due_at = None
        _save_deletion(tenant, "tenant.deletion_called_off", actor, due_at=due_at)
        return tenant


def tenants_due_for_deletion() -> QuerySet[Tenant]:
    """Return the tenants whose due date has come, and those whose purge was interrupted."""
    due = Tenant.objects.filter(deletion_due_at__lte=timezone.now())
    begun = Tenant.objects.filter(status=Tenant.Status.DELETING)
    found: QuerySet[Tenant] = (due | begun).prefetch_related("domains").order_by("created_at")
    return found


def _set_status(tenant_id: uuid.UUID, status: Tenant.Status, actor: Actor, reason: str) -> Tenant:
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        if tenant.status == status or tenant.status == Tenant.Status.DELETING:
            return tenant
        tenant.status, tenant.suspended_reason = status, reason
        tenant.save(update_fields=["status", "suspended_reason", "updated_at"])
        record(STATUS_ACTIONS[status], actor=actor, target=tenant_target(tenant), reason=reason)
        if status != Tenant.Status.ACTIVE:
            _end_support(tenant, actor)
        invalidate_route(tenant)
        return tenant


def _save_maintenance(tenant: Tenant, action: str, actor: Actor, *, cleared: bool = False) -> None:
    record(action, actor=actor, target=tenant_target(tenant), reason=tenant.maintenance)
    if cleared:
        tenant.maintenance, tenant.maintenance_since, tenant.maintenance_note = "", None, ""
    tenant.save(update_fields=MAINTENANCE_FIELDS)
    invalidate_route(tenant)


def _save_deletion(tenant: Tenant, action: str, actor: Actor, **details: object) -> None:
    tenant.save(update_fields=DELETION_FIELDS)
    record(action, actor=actor, target=tenant_target(tenant), **details)
    invalidate_route(tenant)


def _end_support(tenant: Tenant, actor: Actor) -> None:
    """End what support may see of the tenant. It is not restored when the tenant is resumed."""
    end_accesses(Q(tenant=tenant.pk), SupportAccess.End.TENANT_STOPPED, actor=actor)


def _due_at_text(tenant: Tenant) -> str:
    return tenant.deletion_due_at.isoformat() if tenant.deletion_due_at else ""
