"""In which state a tenant is. Several facts make one word: the gravest of them counts."""

from enum import StrEnum

from django.db.models import Q

from tenants.models import Tenant
from tenants.refs import TenantRef


class State(StrEnum):
    """What a tenant's requests meet, the gravest last."""

    SERVED = "served"
    MAINTENANCE = "maintenance"
    SUSPENDED = "suspended"
    SCHEDULED = "scheduled"
    DELETING = "deleting"


def state_of(tenant: Tenant | TenantRef) -> State:
    """Return what a tenant's requests meet."""
    if tenant.status == Tenant.Status.DELETING:
        return State.DELETING
    if tenant.deletion_due_at is not None:
        return State.SCHEDULED
    if tenant.status == Tenant.Status.SUSPENDED:
        return State.SUSPENDED
    return State.MAINTENANCE if tenant.maintenance else State.SERVED


# The facts, for queries. A tenant may be several of these at a time; SERVED is none of the others.
SUSPENDED = Q(status=Tenant.Status.SUSPENDED)
SCHEDULED = Q(deletion_due_at__isnull=False)
IN_MAINTENANCE = ~Q(maintenance="")
SERVED = Q(status=Tenant.Status.ACTIVE, maintenance="", deletion_due_at=None)
