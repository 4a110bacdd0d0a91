"""The tenants that a command is about."""

from django.core.management.base import CommandError

from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import operable_tenants, tenant_by_slug


def named_tenant(slug: str) -> Tenant:
    """Return the tenant with this subdomain. Raises CommandError."""
    try:
        return tenant_by_slug(slug)
    except TenantNotFound as exc:
        raise CommandError(exc.detail) from exc


def selected_tenants(slugs: list[str]) -> list[Tenant]:
    """Return the tenants with these subdomains, all that are present where none is named.

    Raises CommandError.
    """
    return [named_tenant(slug) for slug in slugs] if slugs else list(operable_tenants())
