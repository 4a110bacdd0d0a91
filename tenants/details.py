"""Changing what a tenant is called and who may join it."""

import uuid
from typing import Any

from django.db import transaction

from audit.services import Actor, record
from core.database.scope import PUBLIC, enter
from tenants.models import Tenant
from tenants.names import checked_name
from tenants.routing import forget
from tenants.services import locked_tenant, target_of


def update_tenant(tenant_id: uuid.UUID, *, name: str, registration: str, actor: Actor) -> Tenant:
    """Change the name and the registration; the same values again change nothing.

    Raises ValidationFailed and TenantNotFound.
    """
    wanted = {"name": checked_name(name), "registration": registration}
    with enter(PUBLIC), transaction.atomic():
        tenant = locked_tenant(tenant_id)
        changes = _changes(tenant, wanted)
        if changes:
            for field, change in changes.items():
                setattr(tenant, field, change["to"])
            tenant.save(update_fields=[*changes, "updated_at"])
            record("tenant.updated", actor=actor, target=target_of(tenant), changes=changes)
            forget(tenant)
        return tenant


def _changes(tenant: Tenant, wanted: dict[str, str]) -> dict[str, dict[str, Any]]:
    now = {field: getattr(tenant, field) for field in wanted}
    return {
        field: {"from": now[field], "to": value}
        for field, value in wanted.items()
        if now[field] != value
    }
