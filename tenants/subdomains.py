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
from core.db_backend.scope import PUBLIC, enter
from core.problems import FieldError, ValidationFailed
from tenants import slugs
from tenants.labels import claim_label
from tenants.models import Domain, Tenant
from tenants.routing import forget
from tenants.services import living_tenant, target_of

LONGEST_REDIRECT = 3650
# A tenant that is renamed again and again must not keep every name it ever had from the others.
MOST_FORMER = 10


def rename_subdomain(
    tenant_id: uuid.UUID, *, subdomain: str, actor: Actor, redirect_days: int | None = None
) -> Tenant:
    """Make ``subdomain`` the tenant's primary name and redirect the former one to it.

    ``redirect_days`` is SUBDOMAIN_REDIRECT_DAYS when left out; with 0 the former name is free at
    once. A former name of its own can be taken back. The present name changes nothing. Both hold
    for names that have been reserved since. Raises ValidationFailed, TenantNotFound and
    SubdomainTaken.
    """
    slug, days = slugs.well_formed(subdomain), _checked_days(redirect_days)
    with enter(PUBLIC), transaction.atomic():
        tenant = living_tenant(tenant_id)
        before = tenant.slug
        if slug != before:
            released = _replace(tenant, before, slug, days)
            _record(tenant, actor, before, slug, days)
            forget(tenant, also=released)
        prefetch_related_objects([tenant], "domains")
    return tenant


def _checked_days(days: int | None) -> int:
    wanted = settings.SUBDOMAIN_REDIRECT_DAYS if days is None else days
    if not 0 <= wanted <= LONGEST_REDIRECT:
        fault = FieldError("redirect_days", "out_of_range", f"Use 0 to {LONGEST_REDIRECT} days.")
        raise ValidationFailed(errors=[fault])
    return wanted


def _replace(tenant: Tenant, before: str, slug: str, days: int) -> tuple[str, ...]:
    """Exchange the names and return those that are free now.

    The new name is claimed before the old one is touched: two tenants that exchange their names at
    once would otherwise wait for each other.
    """
    own = Domain.objects.filter(tenant=tenant)
    if not own.filter(domain=slug).exists():
        slugs.require_unreserved(slug)
        claim_label(tenant, slug)
    left = own.filter(domain=before)
    left.update(is_primary=False, redirect_until=timezone.now() + timedelta(days=days))
    own.filter(domain=slug).update(is_primary=True, redirect_until=None)
    return _release(tenant)


def _release(tenant: Tenant) -> tuple[str, ...]:
    former = Domain.objects.filter(tenant=tenant, redirect_until__isnull=False)
    kept = former.filter(redirect_until__gt=timezone.now()).order_by("-redirect_until")
    gone = former.exclude(pk__in=list(kept.values_list("pk", flat=True)[:MOST_FORMER]))
    names = tuple(gone.values_list("domain", flat=True))
    gone.delete()
    return names


def _record(tenant: Tenant, actor: Actor, before: str, slug: str, days: int) -> None:
    target = target_of(tenant)
    details = {"from": before, "to": slug, "redirect_days": days}
    record("tenant.renamed", actor=actor, target=target, **details)


def ends_of_former_names(tenant: Tenant) -> dict[str, datetime]:
    """Return the names that still lead to the tenant by a redirect, and until when."""
    former = Domain.objects.filter(tenant=tenant, redirect_until__gt=timezone.now())
    return {domain.domain: domain.redirect_until for domain in former if domain.redirect_until}
