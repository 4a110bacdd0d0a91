"""Whether a tenant's requests are served, and if not, what they are told."""

from datetime import UTC

from tenants.models import Tenant
from tenants.problems import TenantNotFound, TenantSuspended, TenantUnavailable
from tenants.refs import TenantRef

RETRY_AFTER = {"Retry-After": "60"}
WHY = {
    Tenant.Maintenance.MIGRATION_FAILED: "Its last update failed and is being looked into.",
    Tenant.Maintenance.RESTORING: "It is being restored from an archive.",
    Tenant.Maintenance.CLONING: "It is being filled with a copy of another workspace.",
}


def existing(tenant: TenantRef | None) -> TenantRef:
    """Return the tenant if there is one as far as its people can tell. Raises TenantNotFound."""
    if tenant is None or tenant.status == Tenant.Status.DELETING:
        raise TenantNotFound
    return tenant


def require_served(tenant: TenantRef) -> None:
    """Raise TenantSuspended or TenantUnavailable, which say why, unless requests are served."""
    if tenant.status == Tenant.Status.SUSPENDED:
        raise TenantSuspended(tenant.suspended_reason)
    if tenant.deletion_due_at is not None:
        day = tenant.deletion_due_at.astimezone(UTC).date().isoformat()
        raise TenantSuspended(f"This workspace will be deleted on {day}.")
    if tenant.maintenance:
        why = WHY.get(Tenant.Maintenance(tenant.maintenance), "")
        raise TenantUnavailable(f"{TenantUnavailable.title} {why}".strip(), headers=RETRY_AFTER)
