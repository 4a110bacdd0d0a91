"""In which state a tenant is. Several facts make one word: the gravest of them counts."""

from enum import StrEnum

from django.db.models import Q

from tenants.models import Tenant
from tenants.refs import TenantRef


class TenantState(StrEnum):
    """What a tenant's requests meet, the gravest last."""

    SERVED = "served"
    MAINTENANCE = "maintenance"
    SUSPENDED = "suspended"
    SCHEDULED = "scheduled"
    DELETING = "deleting"


def tenant_state(tenant: Tenant | TenantRef) -> TenantState:
    """Return what a tenant's requests meet."""
    if tenant.status == Tenant.Status.DELETING:
        return TenantState.DELETING
    if tenant.deletion_due_at is not None:
        return TenantState.SCHEDULED
    if tenant.status == Tenant.Status.SUSPENDED:
        return TenantState.SUSPENDED
    return TenantState.MAINTENANCE if tenant.maintenance else TenantState.SERVED


# The facts, for queries. A tenant may be several of these at a time; SERVED is none of the others.
SUSPENDED_Q = Q(status=Tenant.Status.SUSPENDED)
SCHEDULED_Q = Q(deletion_due_at__isnull=False)
IN_MAINTENANCE_Q = ~Q(maintenance="")
SERVED_Q = Q(status=Tenant.Status.ACTIVE, maintenance="", deletion_due_at=None)
