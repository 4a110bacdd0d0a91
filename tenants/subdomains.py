"""Subdomains of tenants: claiming and renaming.

A rename does not change the schema, the object prefix, keys or tokens. The former name stays
reserved for a while, and requests to it are redirected.
"""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from audit.services import Actor, record
from core.db_backend.queries import insert_ignoring_conflict
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError, ValidationFailed
from core.text.translation import translatable
from tenants.context import tenant_target
from tenants.models import Domain, Tenant
from tenants.names import clean_slug, require_not_reserved
from tenants.problems import SubdomainTaken
from tenants.queries import lock_undeleted_tenant
from tenants.routing import invalidate_route

MAX_REDIRECT_DAYS = 3650
# A tenant that is renamed often must not block an unlimited number of names.
MAX_FORMER_NAMES = 10


def claim_subdomain(tenant: Tenant, label: str) -> Domain:
    """Give the tenant a free subdomain; its first one becomes the primary domain.

    Call it in the transaction of the change. Of two concurrent claims one wins: the other waits on
    the unique index.

    Raises: SubdomainTaken.
    """
    _delete_expired_redirect(label)
    is_first = not Domain.objects.filter(tenant=tenant, is_primary=True).exists()
    domain = Domain(tenant=tenant, domain=label, is_primary=is_first)
    if not insert_ignoring_conflict(domain):
        taken = FieldError("subdomain", "taken", "Somebody has this name already.")
        raise SubdomainTaken(errors=[taken])
    return domain


def rename_subdomain(
    tenant_id: uuid.UUID, *, subdomain: str, actor: Actor, redirect_days: int | None = None
) -> Tenant:
    """Make ``subdomain`` the tenant's primary name and redirect the former one to it.

    ``redirect_days`` defaults to SUBDOMAIN_REDIRECT_DAYS; with 0 the former name is free at once.
    The tenant can take back one of its former names. The current name changes nothing. Both are
    allowed even if the name has been reserved since.

    Raises: ValidationFailed, TenantNotFound, SubdomainTaken.
    """
    slug, days = clean_slug(subdomain), _validate_redirect_days(redirect_days)
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        before = tenant.slug
        if slug != before:
            released = _swap_subdomains(tenant, before, slug, days)
            _record_rename(tenant, actor, before, slug, days)
            invalidate_route(tenant, also=released)
        prefetch_related_objects([tenant], "domains")
    return tenant


def redirect_ends(tenant: Tenant) -> dict[str, datetime]:
    """Return the former names that are still redirected, each with the end of its redirect."""
    former = Domain.objects.filter(tenant=tenant, redirect_until__gt=timezone.now())
    return {domain.domain: domain.redirect_until for domain in former if domain.redirect_until}


def _delete_expired_redirect(label: str) -> None:
    """Delete the row of a former name whose redirect has expired.

    The lock makes PostgreSQL re-check a row that its tenant takes back at the same time.
    """
    ended = Domain.objects.filter(domain=label, redirect_until__lte=timezone.now())
    for domain in ended.select_related("tenant").select_for_update(of=("self",)):
        domain.delete()
        invalidate_route(domain.tenant, also=(label,))


def _validate_redirect_days(days: int | None) -> int:
    wanted = settings.SUBDOMAIN_REDIRECT_DAYS if days is None else days
    if not 0 <= wanted <= MAX_REDIRECT_DAYS:
        rule = translatable("Use 0 to %(most)s days.", most=MAX_REDIRECT_DAYS)
        raise ValidationFailed(errors=[FieldError("redirect_days", "out_of_range", rule)])
    return wanted


def _swap_subdomains(tenant: Tenant, before: str, slug: str, days: int) -> tuple[str, ...]:
    """Make ``slug`` primary, mark ``before`` as former, and return the names that became free.

    The new name is claimed before the old row is changed. Otherwise two tenants that swap their
    names concurrently would deadlock.
    """
    own = Domain.objects.filter(tenant=tenant)
    if not own.filter(domain=slug).exists():
        require_not_reserved(slug)
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
