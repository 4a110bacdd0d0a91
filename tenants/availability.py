"""Whether a tenant's requests are served, and if not, what they are told."""

from core.problems import Problem
from core.text.formatting import timestamp
from tenants.models import Tenant
from tenants.problems import TenantNotFound, TenantSuspended, TenantUnavailable
from tenants.refs import TenantRef
from tenants.states import TenantState, tenant_state

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
