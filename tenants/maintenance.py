"""Answering a tenant's requests with 503 while its data is not in a state to be served."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from tenants.models import Tenant
from tenants.routing import invalidate_route
from tenants.services import lock_tenant, tenant_target

MAINTENANCE_FIELDS = ["maintenance", "maintenance_since", "maintenance_note", "updated_at"]


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
