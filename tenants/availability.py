"""Whether a tenant's requests are served, and if not, what they are told."""

from enum import StrEnum

from django.db.models import Q

from core.problems import Problem
from core.text.formatting import timestamp
from tenants.models import Tenant
from tenants.problems import TenantNotFound, TenantSuspended, TenantUnavailable
from tenants.refs import TenantRef

RETRY_AFTER = {"Retry-After": "60"}


MAINTENANCE_MESSAGES = {
    Tenant.Maintenance.MIGRATION_FAILED: "Its last update failed and is being looked into.",
    Tenant.Maintenance.RESTORING: "It is being restored from an archive.",
    Tenant.Maintenance.CLONING: "It is being filled with a copy of another workspace.",
}


def require_visible(tenant: TenantRef | None) -> TenantRef:
    """Return the tenant if there is one as far as its people can tell. Raises TenantNotFound."""
    if tenant is None or tenant_state(tenant) is TenantState.DELETING:
        raise TenantNotFound
    return tenant


def require_served(tenant: TenantRef) -> None:
    """Raise TenantSuspended or TenantUnavailable, which say why, unless requests are served.

    For programs the problem has ``deletion_due_at`` or ``maintenance`` as a member of its own.
    """
    state = tenant_state(tenant)
    if state is not TenantState.SERVED:
        raise _unavailable_problem(tenant, state)


# In which state a tenant is. Several facts make one word: the gravest of them counts.


class TenantState(StrEnum):
    """What a tenant's requests meet, the gravest last."""

    SERVED = "served"
    MAINTENANCE = "maintenance"
    SUSPENDED = "suspended"
    SCHEDULED = "scheduled"
    DELETING = "deleting"


def _unavailable_problem(tenant: TenantRef, state: TenantState) -> Problem:
    if state is TenantState.SCHEDULED and tenant.deletion_due_at is not None:
        due = timestamp(tenant.deletion_due_at)
        why = f"This workspace will be deleted on {due[:10]}."
        return TenantSuspended(why, members={"deletion_due_at": due})
    if state is TenantState.SUSPENDED:
        return TenantSuspended(tenant.suspended_reason)
    if state is TenantState.MAINTENANCE:
        kind = Tenant.Maintenance(tenant.maintenance)
        why = f"{TenantUnavailable.title} {MAINTENANCE_MESSAGES[kind]}"
        return TenantUnavailable(why, headers=RETRY_AFTER, members={"maintenance": kind.value})
    return TenantNotFound()


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
