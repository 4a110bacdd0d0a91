"""What can be done to a tenant. Each verb is one transaction, audited, and names who acts."""

import uuid

from django.db import transaction

from audit.services import Actor, Target, record
from core.db_backend.scope import PUBLIC, use_scope
from tenants import slugs
from tenants.labels import claim_subdomain
from tenants.models import Tenant
from tenants.names import clean_tenant_name
from tenants.problems import TenantNotFound
from tenants.provisioning import provision_schema
from tenants.refs import TenantRef, ref_of
from tenants.routing import invalidate_route
from tenants.signals import key_rotated

MAX_REASON_LENGTH = 400


def create_tenant(
    *,
    name: str,
    subdomain: str,
    actor: Actor,
    registration: str = Tenant.Registration.CLOSED,
) -> TenantRef:
    """Create a tenant with its domain, schema and role; it can be used when this returns.

    Of two calls with the same subdomain one wins: the other waits on the unique index and gets
    SubdomainTaken. Raises ValidationFailed for a bad name or slug.
    """
    slug = slugs.clean_new_slug(subdomain)
    tenant = Tenant(name=clean_tenant_name(name, field="company"), registration=registration)
    tenant.object_prefix = tenant.schema_name
    with use_scope(PUBLIC), transaction.atomic():
        tenant.save(force_insert=True)
        claim_subdomain(tenant, slug)
        provision_schema(tenant.schema_name)
        record("tenant.created", actor=actor, target=tenant_target(tenant), subdomain=slug)
        invalidate_route(tenant)
        return ref_of(tenant)


def suspend_tenant(tenant_id: uuid.UUID, *, actor: Actor, reason: str = "") -> Tenant:
    """Refuse every request to the tenant from the next one on. Repeating it changes nothing."""
    return _set_status(tenant_id, Tenant.Status.SUSPENDED, actor, reason[:MAX_REASON_LENGTH])


def resume_tenant(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Serve a suspended tenant again."""
    return _set_status(tenant_id, Tenant.Status.ACTIVE, actor, "")


def mark_deleting(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Take the tenant off the air for good; the first step of a deletion."""
    return _set_status(tenant_id, Tenant.Status.DELETING, actor, "")


STATUS_ACTIONS = {
    Tenant.Status.ACTIVE: "tenant.resumed",
    Tenant.Status.SUSPENDED: "tenant.suspended",
    Tenant.Status.DELETING: "tenant.deletion_started",
}


def _set_status(tenant_id: uuid.UUID, status: Tenant.Status, actor: Actor, reason: str) -> Tenant:
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        if tenant.status == status or tenant.status == Tenant.Status.DELETING:
            return tenant
        tenant.status, tenant.suspended_reason = status, reason
        tenant.save(update_fields=["status", "suspended_reason", "updated_at"])
        record(STATUS_ACTIONS[status], actor=actor, target=tenant_target(tenant), reason=reason)
        invalidate_route(tenant)
        return tenant


def lock_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return the tenant with its row locked until the transaction ends, or raise TenantNotFound."""
    tenant: Tenant | None = Tenant.objects.select_for_update().filter(id=tenant_id).first()
    if tenant is None:
        raise TenantNotFound
    return tenant


def lock_undeleted_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return the tenant with its row locked, or raise TenantNotFound, also once its purge began."""
    tenant = lock_tenant(tenant_id)
    if tenant.status == Tenant.Status.DELETING:
        raise TenantNotFound
    return tenant


def tenant_target(tenant: Tenant) -> Target:
    """Return the tenant as an audit target."""
    return Target("tenant", str(tenant.id), tenant.name)


def rotate_key(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Sign with the next version of the tenant's key, which ends every token of this tenant.

    Sessions end with their tokens (``key_rotated`` is heard in the same transaction): people log in
    again. Raises TenantNotFound, also while the tenant is being deleted.
    """
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        tenant.key_version += 1
        tenant.save(update_fields=["key_version", "updated_at"])
        record(
            "tenant.key_rotated",
            actor=actor,
            target=tenant_target(tenant),
            version=tenant.key_version,
        )
        key_rotated.send(sender=Tenant, tenant=ref_of(tenant), actor=actor)
        invalidate_route(tenant)
        return tenant
