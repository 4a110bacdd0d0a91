"""The names of a tenant beside its primary one: more subdomains, and custom domains.

Any number of tenants may claim a custom domain; it answers for the one that has proved it by a DNS
record (tenants/domains/verification.py), or for which staff has vouched.
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
from tenants.domains.dns_proof import CheckResult, new_proof_token
from tenants.domains.validation import clean_custom_domain, clean_new_domain
from tenants.models import Domain, Tenant
from tenants.problems import DomainNotFound, DomainTaken, PrimaryDomain, TooManyDomains
from tenants.routing import invalidate_route
from tenants.services import claim_subdomain, lock_undeleted_tenant, tenant_target

TAKEN_ERROR = FieldError("domain", "taken", DomainTaken.title)


VERIFICATION_FIELDS = ["verified_at", "proof_token", "checked_at", "check_result"]


def claim_domain(tenant_id: uuid.UUID, *, name: str, actor: Actor) -> Domain:
    """Claim a custom domain; ``proof.proof_record`` tells what its owner has to set.

    What the tenant has claimed already is returned as it is. Raises ValidationFailed,
    TenantNotFound, TooManyDomains, and DomainTaken if another tenant has proved it.
    """
    checked = clean_custom_domain(name)
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        known: Domain | None = Domain.objects.filter(tenant=tenant, domain=checked).first()
        return known or _claim(tenant, checked, actor)


def _claim(tenant: Tenant, name: str, actor: Actor) -> Domain:
    custom = Domain.objects.filter(kind=Domain.Kind.CUSTOM)
    if custom.filter(domain=name, verified_at__isnull=False).exists():
        raise DomainTaken(errors=[TAKEN_ERROR])
    most = settings.CUSTOM_DOMAINS_PER_TENANT
    if custom.filter(tenant=tenant).count() >= most:
        raise TooManyDomains(f"A workspace has at most {most} custom domains.")
    domain = Domain(tenant=tenant, domain=name, kind=Domain.Kind.CUSTOM, is_primary=False)
    domain.proof_token = new_proof_token()
    domain.save(force_insert=True)
    record("tenant.domain_added", actor=actor, target=tenant_target(tenant), domain=name)
    return domain


def add_domain(tenant_id: uuid.UUID, *, name: str, verified: bool, actor: Actor) -> Domain:
    """Give the tenant one more name; with ``verified`` staff vouches for a custom domain.

    Raises ValidationFailed, TenantNotFound, TooManyDomains, DomainTaken and SubdomainTaken.
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
    """Serve a custom domain on staff's word, or stop serving it.

    One that is stopped gets a new token: the record that is still there proves it no more. Raises
    DomainNotFound, and DomainTaken if another tenant has proved it.
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
    """Let a claim that is locked answer for its tenant. Raises DomainTaken.

    Of two at once one wins: the other waits on the unique index.
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
    """Take a name from its tenant; it stops at once. With ``tenant_id`` only if it is this one's.

    ``check`` sees the locked row and may raise. Raises DomainNotFound, and PrimaryDomain for the
    name that the tenant is known by.
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
    """Return a name with its row and its tenant's locked. Raises DomainNotFound.

    The tenant comes first, as in every other change to it, so that no two wait for each other.
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


def _record_domain_event(action: str, domain: Domain, actor: Actor) -> None:
    record(action, actor=actor, target=tenant_target(domain.tenant), domain=domain.domain)


# Reading the names of tenants. What is asked for one tenant is answered from its own rows.


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
