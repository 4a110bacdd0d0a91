"""Giving a tenant another subdomain. Its schema, object prefix, keys and tokens stay as they are.

The former name is kept for a while: requests to it are redirected, and nobody else can have it.
"""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError, ValidationFailed
from tenants import names
from tenants.models import Domain, Tenant
from tenants.routing import invalidate_route
from tenants.services import claim_subdomain, lock_undeleted_tenant, tenant_target

MAX_REDIRECT_DAYS = 3650
# A tenant that is renamed again and again must not keep every name it ever had from the others.
MAX_FORMER_NAMES = 10


def rename_subdomain(
    tenant_id: uuid.UUID, *, subdomain: str, actor: Actor, redirect_days: int | None = None
) -> Tenant:
    """Make ``subdomain`` the tenant's primary name and redirect the former one to it.

    ``redirect_days`` is SUBDOMAIN_REDIRECT_DAYS when left out; with 0 the former name is free at
    once. A former name of its own can be taken back. The present name changes nothing. Both hold
    for names that have been reserved since. Raises ValidationFailed, TenantNotFound and
    SubdomainTaken.
    """
    slug, days = names.clean_slug(subdomain), _validate_redirect_days(redirect_days)
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        before = tenant.slug
        if slug != before:
            released = _swap_subdomains(tenant, before, slug, days)
            _record_rename(tenant, actor, before, slug, days)
            invalidate_route(tenant, also=released)
        prefetch_related_objects([tenant], "domains")
    return tenant


def _validate_redirect_days(days: int | None) -> int:
    wanted = settings.SUBDOMAIN_REDIRECT_DAYS if days is None else days
    if not 0 <= wanted <= MAX_REDIRECT_DAYS:
        fault = FieldError("redirect_days", "out_of_range", f"Use 0 to {MAX_REDIRECT_DAYS} days.")
        raise ValidationFailed(errors=[fault])
    return wanted


def _swap_subdomains(tenant: Tenant, before: str, slug: str, days: int) -> tuple[str, ...]:
    """Exchange the names and return those that are free now.

    The new name is claimed before the old one is touched: two tenants that exchange their names at
    once would otherwise wait for each other.
    """
    own = Domain.objects.filter(tenant=tenant)
    if not own.filter(domain=slug).exists():
        names.require_not_reserved(slug)
        claim_subdomain(tenant, slug)
    left = own.filter(domain=before)
    left.update(is_primary=False, redirect_until=timezone.now() + timedelta(days=days))
    own.filter(domain=slug).update(is_primary=True, redirect_until=None)
    return _release_former_names(tenant)


def _release_former_names(tenant: Tenant) -> tuple[str, ...]:
    former = Domain.objects.filter(tenant=tenant, redirect_until__isnull=False)
    kept = former.filter(redirect_until__gt=timezone.now()).order_by("-redirect_until")
    gone = former.exclude(pk__in=list(kept.values_list("pk", flat=True)[:MAX_FORMER_NAMES]))
    names = tuple(gone.values_list("domain", flat=True))
    gone.delete()
    return names


def _record_rename(tenant: Tenant, actor: Actor, before: str, slug: str, days: int) -> None:
    target = tenant_target(tenant)
    details = {"from": before, "to": slug, "redirect_days": days}
    record("tenant.renamed", actor=actor, target=target, **details)


def redirect_ends(tenant: Tenant) -> dict[str, datetime]:
    """Return the names that still lead to the tenant by a redirect, and until when."""
    former = Domain.objects.filter(tenant=tenant, redirect_until__gt=timezone.now())
    return {domain.domain: domain.redirect_until for domain in former if domain.redirect_until}
