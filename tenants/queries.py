"""Reading tenants."""

import uuid

from django.db.models import QuerySet

from core.db_backend.scope import PUBLIC, use_scope
from tenants import names
from tenants.models import Domain, Tenant
from tenants.problems import TenantNotFound


def all_tenants() -> QuerySet[Tenant]:
    """Return every tenant with its domains, newest first."""
    tenants: QuerySet[Tenant] = Tenant.objects.prefetch_related("domains")
    return tenants


def operable_tenants() -> QuerySet[Tenant]:
    """Return those whose rows can be worked on: neither under maintenance nor being purged."""
    return all_tenants().filter(maintenance="").exclude(status=Tenant.Status.DELETING)


def get_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return a tenant with its domains, from any scope. Raises TenantNotFound."""
    with use_scope(PUBLIC):
        tenant = all_tenants().filter(pk=tenant_id).first()
        if tenant is None:
            raise TenantNotFound
        return tenant


def tenant_by_slug(slug: str) -> Tenant:
    """Return the tenant whose subdomain is ``slug``, or raise TenantNotFound that names it.

    A former name does not count, since who asks may mean somebody else; the error tells today's.
    """
    name = names.normalise_slug(slug)
    found = Domain.objects.filter(domain=name, kind=Domain.Kind.SUBDOMAIN).first()
    if found is None:
        raise TenantNotFound(f"There is no tenant {name!r}.")
    tenant = all_tenants().get(pk=found.tenant_id)
    if found.redirect_until is not None:
        raise TenantNotFound(f"There is no tenant {name!r}; it is called {tenant.slug!r} now.")
    return tenant
