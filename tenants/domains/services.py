"""Domains of a tenant: queries and changes. The subdomain's rename is in tenants/subdomains.py.

Several tenants may claim the same custom domain. It is served for the tenant that verified it with
a DNS record (verification.py), or for which staff verified it by hand.
"""

import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError
from core.text.translation import translatable
from tenants.context import tenant_target
from tenants.domains.dns_proof import CheckResult, new_proof_token
from tenants.domains.validation import clean_custom_domain, clean_new_domain
from tenants.models import Domain, Tenant
from tenants.problems import DomainNotFound, DomainTaken, PrimaryDomain, TooManyDomains
from tenants.queries import lock_undeleted_tenant
from tenants.routing import invalidate_route
from tenants.subdomains import claim_subdomain

TAKEN_ERROR = FieldError("domain", "taken", DomainTaken.title)
VERIFICATION_FIELDS = ["verified_at", "proof_token", "checked_at", "check_result"]


def domains_of(tenant_id: uuid.UUID) -> QuerySet[Domain]:
    """Return the domains of a tenant: the primary one first, then in alphabetical order."""
    found: QuerySet[Domain] = Domain.objects.filter(tenant_id=tenant_id).select_related("tenant")
    return found


def get_domain(tenant_id: uuid.UUID, domain_id: uuid.UUID) -> Domain:
    """Return one domain of a tenant.

    Raises: DomainNotFound, also for a domain of another tenant.
    """
    domain = domains_of(tenant_id).filter(pk=domain_id).first()
    if domain is None:
        raise DomainNotFound
    return domain


def get_domain_by_name(tenant_id: uuid.UUID, name: str) -> Domain:
    """Return the domain ``name`` of a tenant.

    Raises: DomainNotFound that names it.
    """
    domain = domains_of(tenant_id).filter(domain=name).first()
    if domain is None:
        raise DomainNotFound(translatable("The workspace has no domain %(name)r.", name=name))
    return domain


def routed_domains() -> QuerySet[Domain]:
    """Return the custom domains that Traefik routes, in alphabetical order.

    Domains of suspended tenants are included, because their notice page needs a certificate.
    Domains of tenants that are being deleted are not.
    """
    verified = Domain.objects.filter(kind=Domain.Kind.CUSTOM, verified_at__isnull=False)
    routed = verified.exclude(tenant__status=Tenant.Status.DELETING)
    found: QuerySet[Domain] = routed.order_by("domain")
    return found


def claim_domain(tenant_id: uuid.UUID, *, name: str, actor: Actor) -> Domain:
    """Claim a custom domain. ``dns_proof.proof_record`` returns the record that its owner sets.

    An existing claim of the tenant is returned unchanged.

    Raises: ValidationFailed, TenantNotFound, TooManyDomains; DomainTaken if another tenant has
    verified the domain.
    """
    checked = clean_custom_domain(name)
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        known: Domain | None = Domain.objects.filter(tenant=tenant, domain=checked).first()
        return known or _claim(tenant, checked, actor)


def add_domain(tenant_id: uuid.UUID, *, name: str, verified: bool, actor: Actor) -> Domain:
    """Add a domain to the tenant; with ``verified`` a custom domain is served without a record.

    Raises: ValidationFailed, TenantNotFound, TooManyDomains, DomainTaken, SubdomainTaken.
    """
    checked = clean_new_domain(name)
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        if Domain.objects.filter(tenant=tenant, domain=checked).exists():
            raise DomainTaken(errors=[TAKEN_ERROR])
        if "." not in checked:
            domain = claim_subdomain(tenant, checked)
            record("tenant.domain_added", actor=actor, target=tenant_target(tenant), domain=checked)
        else:
            domain = _claim(tenant, checked, actor)
            if verified:
                mark_domain_verified(domain, actor=actor)
        invalidate_route(tenant)
        return domain


def set_verified(domain_id: uuid.UUID, *, verified: bool, actor: Actor) -> None:
    """Verify a custom domain by hand, or withdraw its verification.

    A withdrawn domain gets a new token, so that the existing DNS record does not verify it again.

    Raises: DomainNotFound; DomainTaken if another tenant has verified it.
    """
    with use_scope(PUBLIC), transaction.atomic():
        domain = lock_domain(domain_id)
        if domain.is_label:
            raise DomainNotFound
        if verified and not domain.verified_at:
            mark_domain_verified(domain, actor=actor)
        elif not verified and domain.verified_at:
            domain.verified_at, domain.proof_token = None, new_proof_token()
            domain.checked_at, domain.check_result = timezone.now(), CheckResult.WITHDRAWN
            domain.save(update_fields=VERIFICATION_FIELDS)
            _record_domain_event("tenant.domain_unverified", domain, actor)
            invalidate_route(domain.tenant)


def mark_domain_verified(domain: Domain, *, actor: Actor) -> None:
    """Mark a locked claim as verified, so that it is served.

    Of two concurrent calls for one name one wins: the other waits on the unique index.

    Raises: DomainTaken.
    """
    domain.verified_at = timezone.now()
    try:
        with transaction.atomic():
            domain.save(update_fields=["verified_at"])
    except IntegrityError as exc:
        domain.verified_at = None
        raise DomainTaken(errors=[TAKEN_ERROR]) from exc
    _record_domain_event("tenant.domain_verified", domain, actor)
    invalidate_route(domain.tenant)


def remove_domain(
    domain_id: uuid.UUID,
    *,
    actor: Actor,
    tenant_id: uuid.UUID | None = None,
    check: Callable[[Domain], None] | None = None,
) -> None:
    """Release a domain; it stops being served at once.

    With ``tenant_id`` the domain must belong to this tenant. ``check`` is called with the locked
    row and may raise.

    Raises: DomainNotFound, PrimaryDomain.
    """
    with use_scope(PUBLIC), transaction.atomic():
        domain = lock_domain(domain_id, tenant_id=tenant_id)
        if check is not None:
            check(domain)
        if domain.is_primary:
            raise PrimaryDomain
        _record_domain_event("tenant.domain_removed", domain, actor)
        domain.delete()
        invalidate_route(domain.tenant, also=(domain.domain,))


def lock_domain(domain_id: uuid.UUID, *, tenant_id: uuid.UUID | None = None) -> Domain:
    """Return a domain with its row and its tenant's row locked.

    The tenant is locked first, as in every other change of it, so there are no deadlocks.

    Raises: DomainNotFound.
    """
    found = Domain.objects.filter(pk=domain_id)
    if tenant_id is not None:
        found = found.filter(tenant_id=tenant_id)
    owner = found.values_list("tenant_id", flat=True).first()
    tenant = Tenant.objects.select_for_update().filter(pk=owner).first()
    domain: Domain | None = found.select_for_update().first() if tenant else None
    if domain is None or tenant is None:
        raise DomainNotFound
    domain.tenant = tenant
    return domain


def _claim(tenant: Tenant, name: str, actor: Actor) -> Domain:
    custom = Domain.objects.filter(kind=Domain.Kind.CUSTOM)
    if custom.filter(domain=name, verified_at__isnull=False).exists():
        raise DomainTaken(errors=[TAKEN_ERROR])
    most = settings.CUSTOM_DOMAINS_PER_TENANT
    if custom.filter(tenant=tenant).count() >= most:
        detail = translatable("A workspace has at most %(count)s custom domains.", count=most)
        raise TooManyDomains(detail)
    domain = Domain(tenant=tenant, domain=name, kind=Domain.Kind.CUSTOM, is_primary=False)
    domain.proof_token = new_proof_token()
    domain.save(force_insert=True)
    record("tenant.domain_added", actor=actor, target=tenant_target(tenant), domain=name)
    return domain


def _record_domain_event(action: str, domain: Domain, actor: Actor) -> None:
    record(action, actor=actor, target=tenant_target(domain.tenant), domain=domain.domain)
