"""Asking for a tenant to be deleted, and calling it off while there is time.

From the moment it is asked for nobody is served; nothing is deleted before the day that was named.
Purging what is due needs the owner's login and is a command's work.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError, ValidationFailed
from tenants.models import Tenant
from tenants.routing import invalidate_route
from tenants.services import lock_tenant, lock_undeleted_tenant, tenant_target

MAX_GRACE_DAYS = 365


DELETION_FIELDS = [
    "deletion_requested_at",
    "deletion_due_at",
    "export_before_deletion",
    "updated_at",
]


MAINTENANCE_FIELDS = ["maintenance", "maintenance_since", "maintenance_note", "updated_at"]


def schedule_deletion(
    tenant_id: uuid.UUID, *, actor: Actor, days: int | None = None, export: bool = True
) -> Tenant:
    """Take the tenant off the air and set the day on which it may be purged.

    ``days`` is the grace period, DELETION_GRACE_DAYS when left out; 0 means at once. Asking again
    while a day is set changes nothing: call it off first. Raises ValidationFailed, TenantNotFound.
    """
    wait = settings.DELETION_GRACE_DAYS if days is None else days
    if not 0 <= wait <= MAX_GRACE_DAYS:
        fault = FieldError("days", "out_of_range", f"Use 0 to {MAX_GRACE_DAYS} days.")
        raise ValidationFailed(errors=[fault])
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
        return tenant


def cancel_deletion(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Serve the tenant again as before; without a day set nothing changes.

    Raises TenantNotFound, also once the purge has begun.
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
    """Return the tenants whose day has come, and those whose purge was cut off."""
    due = Tenant.objects.filter(deletion_due_at__lte=timezone.now())
    begun = Tenant.objects.filter(status=Tenant.Status.DELETING)
    found: QuerySet[Tenant] = (due | begun).prefetch_related("domains").order_by("created_at")
    return found


def _due_at_text(tenant: Tenant) -> str:
    return tenant.deletion_due_at.isoformat() if tenant.deletion_due_at else ""


def _save_deletion(tenant: Tenant, action: str, actor: Actor, **details: object) -> None:
    tenant.save(update_fields=DELETION_FIELDS)
    record(action, actor=actor, target=tenant_target(tenant), **details)
    invalidate_route(tenant)


# Answering a tenant's requests with 503 while its data is not in a state to be served.


def begin_maintenance(
    tenant_id: uuid.UUID, reason: Tenant.Maintenance, *, actor: Actor, note: str = ""
) -> Tenant:
    """Stop serving the tenant from the next request on. ``note`` is for staff, e.g. the error.

    Raises TenantNotFound.
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
    """Serve the tenant again; if it is served, nothing changes. Raises TenantNotFound."""
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        if tenant.maintenance:
            _save_maintenance(tenant, "tenant.maintenance_ended", actor, cleared=True)
        return tenant


def _save_maintenance(tenant: Tenant, action: str, actor: Actor, *, cleared: bool = False) -> None:
    record(action, actor=actor, target=tenant_target(tenant), reason=tenant.maintenance)
    if cleared:
        tenant.maintenance, tenant.maintenance_since, tenant.maintenance_note = "", None, ""
    tenant.save(update_fields=MAINTENANCE_FIELDS)
    invalidate_route(tenant)


@contextmanager
def maintenance_mode(
    tenant_id: uuid.UUID, reason: Tenant.Maintenance, *, actor: Actor
) -> Iterator[Tenant]:
    """Run the block with the tenant off the air; if it raises, the tenant stays off the air."""
    tenant = begin_maintenance(tenant_id, reason, actor=actor)
    yield tenant
    end_maintenance(tenant_id, actor=actor)
