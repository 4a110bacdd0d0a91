"""The effective state of a tenant, and the refusal of requests to one that is not served."""

from enum import StrEnum

from django.db.models import Q

from core.problems import Problem
from core.text.normalization import timestamp
from core.text.translation import translatable
from tenants.context import TenantRef
from tenants.models import Tenant
from tenants.problems import TenantNotFound, TenantSuspended, TenantUnavailable

RETRY_AFTER = {"Retry-After": "60"}
MAINTENANCE_MESSAGES = {
    Tenant.Maintenance.MIGRATION_FAILED: "Its last update failed and is being looked into.",
    Tenant.Maintenance.RESTORING: "It is being restored from an archive.",
    Tenant.Maintenance.CLONING: "It is being filled with a copy of another workspace.",
}
# Conditions for queries. Several can hold for one tenant; SERVED_Q excludes the others.
SUSPENDED_Q = Q(status=Tenant.Status.SUSPENDED)
SCHEDULED_Q = Q(deletion_due_at__isnull=False)
IN_MAINTENANCE_Q = ~Q(maintenance="")
SERVED_Q = Q(status=Tenant.Status.ACTIVE, maintenance="", deletion_due_at=None)


class TenantState(StrEnum):
    """The effective state of a tenant, ordered from served to deleting.

    A tenant can be suspended, scheduled for deletion and in maintenance at the same time. The state
    is the last of these in the order below.
    """

    SERVED = "served"
    MAINTENANCE = "maintenance"
    SUSPENDED = "suspended"
    SCHEDULED = "scheduled"
    DELETING = "deleting"


def tenant_state(tenant: Tenant | TenantRef) -> TenantState:
    """Return the effective state of a tenant."""
    if tenant.status == Tenant.Status.DELETING:
        return TenantState.DELETING
    if tenant.deletion_due_at is not None:
        return TenantState.SCHEDULED
    if tenant.status == Tenant.Status.SUSPENDED:
        return TenantState.SUSPENDED
    return TenantState.MAINTENANCE if tenant.maintenance else TenantState.SERVED


def require_visible(tenant: TenantRef | None) -> TenantRef:
    """Return the tenant unless it is None or being deleted.

    Raises: TenantNotFound.
    """
    if tenant is None or tenant_state(tenant) is TenantState.DELETING:
        raise TenantNotFound
    return tenant


def require_served(tenant: TenantRef) -> None:
    """Return if the tenant is served; raise a problem that states the reason otherwise.

    For clients the problem has the member ``deletion_due_at`` or ``maintenance``.

    Raises: TenantSuspended, TenantUnavailable, TenantNotFound.
    """
    state = tenant_state(tenant)
    if state is not TenantState.SERVED:
        raise _unavailable_problem(tenant, state)


def _unavailable_problem(tenant: TenantRef, state: TenantState) -> Problem:
    if state is TenantState.SCHEDULED and tenant.deletion_due_at is not None:
        due = timestamp(tenant.deletion_due_at)
        why = translatable("This workspace will be deleted on %(day)s.", day=due[:10])
        return TenantSuspended(why, members={"deletion_due_at": due})
    if state is TenantState.SUSPENDED:
        return TenantSuspended(tenant.suspended_reason)
    if state is TenantState.MAINTENANCE:
        kind = Tenant.Maintenance(tenant.maintenance)
        why = translatable(
            "%(title)s %(cause)s",
            title=translatable(TenantUnavailable.title),
            cause=translatable(MAINTENANCE_MESSAGES[kind]),
        )
        return TenantUnavailable(why, headers=RETRY_AFTER, members={"maintenance": kind.value})
    return TenantNotFound()
