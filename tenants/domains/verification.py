"""Verification of custom domains: one on demand, all of them periodically."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import tenant_target
from tenants.domains.dns_proof import CheckResult, look_up_proof, new_proof_token
from tenants.domains.services import lock_domain, mark_domain_verified
from tenants.models import Domain, Tenant
from tenants.problems import DomainNotFound, DomainTaken

CONCURRENT_LOOKUPS = 8  # each mostly waits for name servers


def check_domain(
    domain_id: uuid.UUID, *, actor: Actor, tenant_id: uuid.UUID | None = None
) -> Domain:
    """Look up the DNS record of a claim; if it is there, the domain is served from now on.

    The result is in ``check_result`` of the returned domain (``dns_proof.CheckResult``). A verified
    domain stays verified whatever the result is, because a DNS fault must not take it from its
    tenant. With ``tenant_id`` the domain must belong to this tenant.

    Raises: DomainNotFound; DomainTaken if another tenant has verified the domain.
    """
    with use_scope(PUBLIC):
        domain = _custom_domains(tenant_id).filter(pk=domain_id).first()
    if domain is None:
        raise DomainNotFound
    # Outside of the transaction: name servers may take seconds, during which no row may be locked.
    result = look_up_proof(domain.domain, domain.proof_token)
    return apply_check_result(domain, result, actor=actor)


def check_all_domains(*, actor: Actor) -> Iterator[Domain]:
    """Check every claim and every verified domain; yield each one when its result is stored.

    A claim that staff withdrew is skipped: it must be checked by name.
    """
    with use_scope(PUBLIC):
        domains = list(_custom_domains().exclude(check_result=CheckResult.WITHDRAWN))
    pool = ThreadPoolExecutor(CONCURRENT_LOOKUPS)
    try:
        lookups = {
            pool.submit(look_up_proof, each.domain, each.proof_token): each for each in domains
        }
        for done in as_completed(lookups):
            domain = _apply_and_reload(lookups[done], done.result(), actor)
            if domain is not None:
                yield domain
    finally:
        pool.shutdown(cancel_futures=True)


def expire_claims(*, actor: Actor) -> list[str]:
    """Delete the claims that were not verified within DOMAIN_CLAIM_DAYS; return their names."""
    before = timezone.now() - timedelta(days=settings.DOMAIN_CLAIM_DAYS)
    with use_scope(PUBLIC), transaction.atomic():
        old = _custom_domains().filter(verified_at__isnull=True, created_at__lt=before)
        stale = old.exclude(check_result=CheckResult.WITHDRAWN).select_for_update(of=("self",))
        names = []
        for domain in stale:
            target = tenant_target(domain.tenant)
            record("tenant.domain_claim_expired", actor=actor, target=target, domain=domain.domain)
            names.append(domain.domain)
            domain.delete()
        return names


def apply_check_result(seen: Domain, result: CheckResult, *, actor: Actor) -> Domain:
    """Store the result of a look-up for the claim as it was ``seen`` before it.

    Raises: DomainNotFound, DomainTaken.
    """
    with use_scope(PUBLIC), transaction.atomic():
        domain = lock_domain(seen.pk)
        if domain.tenant.status == Tenant.Status.DELETING:
            raise DomainNotFound
        if domain.proof_token != seen.proof_token:
            return domain  # the token was replaced during the look-up
        stored = _try_to_verify(domain, result, actor)
        _save_check_result(domain, stored, actor)
    if stored == CheckResult.TAKEN:
        raise DomainTaken
    return domain


def _try_to_verify(domain: Domain, result: CheckResult, actor: Actor) -> CheckResult:
    if result == CheckResult.FOUND and not domain.verified_at:
        try:
            mark_domain_verified(domain, actor=actor)
        except DomainTaken:
            return CheckResult.TAKEN
    return result


def _save_check_result(domain: Domain, result: CheckResult, actor: Actor) -> None:
    if domain.check_result != result:
        details = {"domain": domain.domain, "result": result.value, "was": domain.check_result}
        record("tenant.domain_checked", actor=actor, target=tenant_target(domain.tenant), **details)
    # Claims from before there were proofs have no token.
    domain.proof_token = domain.proof_token or new_proof_token()
    domain.checked_at, domain.check_result = timezone.now(), result.value
    domain.save(update_fields=["proof_token", "checked_at", "check_result"])


def _apply_and_reload(seen: Domain, result: CheckResult, actor: Actor) -> Domain | None:
    with suppress(DomainTaken, DomainNotFound):  # DomainTaken is stored as the claim's result
        apply_check_result(seen, result, actor=actor)
    with use_scope(PUBLIC):
        return _custom_domains().filter(pk=seen.pk).first()  # None if it was released


def _custom_domains(tenant_id: uuid.UUID | None = None) -> QuerySet[Domain]:
    found: QuerySet[Domain] = Domain.objects.filter(kind=Domain.Kind.CUSTOM)
    found = found.exclude(tenant__status=Tenant.Status.DELETING).select_related("tenant")
    return found.filter(tenant_id=tenant_id) if tenant_id is not None else found
