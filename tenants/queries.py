"""Reading tenants."""

from django.db.models import QuerySet

from tenants import slugs
from tenants.models import Domain, Tenant
from tenants.problems import TenantNotFound


def all_tenants() -> QuerySet[Tenant]:
    """Return every tenant with its domains, newest first."""
    tenants: QuerySet[Tenant] = Tenant.objects.prefetch_related("domains")
    return tenants


def tenant_by_slug(slug: str) -> Tenant:
    """Return the tenant whose subdomain is ``slug``, or raise TenantNotFound that names it."""
    name = slugs.normalise(slug)
    found = all_tenants().filter(domains__domain=name, domains__kind=Domain.Kind.SUBDOMAIN).first()
    if found is None:
        raise TenantNotFound(f"There is no tenant {name!r}.")
    return found
