"""Queries on tenants and their audit trails' heads, and locking a tenant's row for a change."""

import uuid

from django.db.models import QuerySet

from core.db_backend.scope import PUBLIC, use_scope
from core.text.translation import translatable
from tenants.models import Domain, Tenant, TrailHead
from tenants.names import normalise_slug
from tenants.problems import TenantNotFound


def all_tenants() -> QuerySet[Tenant]:
    """Return every tenant with its domains, newest first."""
    tenants: QuerySet[Tenant] = Tenant.objects.prefetch_related("domains")
    return tenants


def operable_tenants() -> QuerySet[Tenant]:
    """Return the tenants whose data can be used: not in maintenance and not being purged."""
    return all_tenants().filter(maintenance="").exclude(status=Tenant.Status.DELETING)


def get_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return a tenant with its domains, from any scope.

    Raises: TenantNotFound.
    """
    with use_scope(PUBLIC):
        tenant = all_tenants().filter(pk=tenant_id).first()
        if tenant is None:
            raise TenantNotFound
        return tenant


def tenant_by_slug(slug: str) -> Tenant:
    """Return the tenant with the subdomain ``slug``.

    A former name is refused, because the caller may mean another tenant; the error states the
    current name.

    Raises: TenantNotFound that names the slug.
    """
    name = normalise_slug(slug)
    found = Domain.objects.filter(domain=name, kind=Domain.Kind.SUBDOMAIN).first()
    if found is None:
        raise TenantNotFound(translatable("There is no tenant %(name)r.", name=name))
    tenant = all_tenants().get(pk=found.tenant_id)
    if found.redirect_until is not None:
        detail = translatable(
            "There is no tenant %(name)r; it is called %(current)r now.",
            name=name,
            current=tenant.slug,
        )
        raise TenantNotFound(detail)
    return tenant


def lock_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return the tenant with its row locked until the end of the transaction.

    Raises: TenantNotFound.
    """
    tenant: Tenant | None = Tenant.objects.select_for_update().filter(id=tenant_id).first()
    if tenant is None:
        raise TenantNotFound
    return tenant


def lock_undeleted_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return the tenant with its row locked, unless it is being deleted.

    Raises: TenantNotFound.
    """
    tenant = lock_tenant(tenant_id)
    if tenant.status == Tenant.Status.DELETING:
        raise TenantNotFound
    return tenant


def verified_trail_head(tenant_id: uuid.UUID | None) -> TrailHead | None:
    """Return the last verification of a tenant's audit trail, or of the platform's (None).

    None for a trail that was never verified.
    """
    with use_scope(PUBLIC):
        return TrailHead.objects.filter(tenant=tenant_id).first()
