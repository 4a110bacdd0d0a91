"""Whether a tenant's requests are served, and if not, what they are told."""

from core.problems import Problem
from core.text.formatting import timestamp
from tenants.models import Tenant
from tenants.problems import TenantNotFound, TenantSuspended, TenantUnavailable
from tenants.refs import TenantRef
from tenants.states import State, state_of

RETRY_AFTER = {"Retry-After": "60"}
WHY = {
    Tenant.Maintenance.MIGRATION_FAILED: "Its last update failed and is being looked into.",
    Tenant.Maintenance.RESTORING: "It is being restored from an archive.",
    Tenant.Maintenance.CLONING: "It is being filled with a copy of another workspace.",
}


def existing(tenant: TenantRef | None) -> TenantRef:
    """Return the tenant if there is one as far as its people can tell. Raises TenantNotFound."""
    if tenant is None or state_of(tenant) is State.DELETING:
        raise TenantNotFound
    return tenant


def require_served(tenant: TenantRef) -> None:
    """Raise TenantSuspended or TenantUnavailable, which say why, unless requests are served.

    For programs the problem has ``deletion_due_at`` or ``maintenance`` as a member of its own.
    """
    state = state_of(tenant)
    if state is not State.SERVED:
        raise _refusal(tenant, state)


def _refusal(tenant: TenantRef, state: State) -> Problem:
    if state is State.SCHEDULED and tenant.deletion_due_at is not None:
        due = timestamp(tenant.deletion_due_at)
        why = f"This workspace will be deleted on {due[:10]}."
        return TenantSuspended(why, members={"deletion_due_at": due})
    if state is State.SUSPENDED:
        return TenantSuspended(tenant.suspended_reason)
    if state is State.MAINTENANCE:
        kind = Tenant.Maintenance(tenant.maintenance)
        why = f"{TenantUnavailable.title} {WHY[kind]}"
        return TenantUnavailable(why, headers=RETRY_AFTER, members={"maintenance": kind.value})
    return TenantNotFound()
