"""Reading the names of tenants. What is asked for one tenant is answered from its own rows."""

import uuid

from django.db.models import QuerySet

from tenants.models import Domain, Tenant
from tenants.problems import DomainNotFound


def domains_of(tenant_id: uuid.UUID) -> QuerySet[Domain]:
    """Return the names of a tenant: the primary one first, then by the alphabet."""
    found: QuerySet[Domain] = Domain.objects.filter(tenant_id=tenant_id).select_related("tenant")
    return found


def get_domain(tenant_id: uuid.UUID, domain_id: uuid.UUID) -> Domain:
    """Return one name of a tenant. Raises DomainNotFound, also for a name of somebody else."""
    domain = domains_of(tenant_id).filter(pk=domain_id).first()
    if domain is None:
        raise DomainNotFound
    return domain


def get_domain_by_name(tenant_id: uuid.UUID, name: str) -> Domain:
    """Return the name of a tenant that reads ``name``. Raises DomainNotFound that names it."""
    domain = domains_of(tenant_id).filter(domain=name).first()
    if domain is None:
        raise DomainNotFound(f"The workspace has no domain {name!r}.")
    return domain


def routed_domains() -> QuerySet[Domain]:
    """Return the custom domains that answer for a tenant, by the alphabet.

    Those of a suspended tenant too: its page that says so wants a certificate. Those of one whose
    purge has begun no more.
    """
    proved = Domain.objects.filter(kind=Domain.Kind.CUSTOM, verified_at__isnull=False)
    living = proved.exclude(tenant__status=Tenant.Status.DELETING)
    found: QuerySet[Domain] = living.order_by("domain")
    return found
