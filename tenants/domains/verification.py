"""Checking the proofs of custom domains, one on demand and all from time to time."""

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
from tenants.domains.dns_proof import CheckResult, look_up_proof, new_proof_token
from tenants.domains.services import lock_domain, mark_domain_verified
from tenants.models import Domain, Tenant
from tenants.problems import DomainNotFound, DomainTaken
from tenants.services import tenant_target

CONCURRENT_LOOKUPS = 8  # look-ups; each waits for name servers, not for us


def check_domain(
    domain_id: uuid.UUID, *, actor: Actor, tenant_id: uuid.UUID | None = None
) -> Domain:
    """Look the record of a claim up; if it is there, the domain answers from the next request on.

    ``check_result`` of what is returned says what was found (``proof.Outcome``). A domain
    that was proved stays so, whatever is found: whoever has it must not lose it to a fault of the
    DNS. With ``tenant_id`` only if the claim is this tenant's. Raises DomainNotFound, and
    DomainTaken when another tenant has proved the domain.
    """
    with use_scope(PUBLIC):
        domain = _custom_domains(tenant_id).filter(pk=domain_id).first()
    if domain is None:
        raise DomainNotFound
    # Outside of the transaction: name servers may take seconds, and nothing is locked meanwhile.
    outcome = look_up_proof(domain.domain, domain.proof_token)
    return apply_check_result(domain, outcome, actor=actor)


def apply_check_result(seen: Domain, outcome: CheckResult, *, actor: Actor) -> Domain:
    """Keep what was found for a claim as it was ``seen``. Raises as ``check_domain`` does."""
    with use_scope(PUBLIC), transaction.atomic():
        domain = lock_domain(seen.pk)
        if domain.tenant.status == Tenant.Status.DELETING:
            raise DomainNotFound
        if domain.proof_token != seen.proof_token:
            return domain  # the record that was looked for is not the one that counts now
        kept = _try_to_verify(domain, outcome, actor)
        _save_check_result(domain, kept, actor)
    if kept == CheckResult.TAKEN:
        raise DomainTaken
    return domain


def _try_to_verify(domain: Domain, outcome: CheckResult, actor: Actor) -> CheckResult:
    if outcome == CheckResult.FOUND and not domain.verified_at:
        try:
            mark_domain_verified(domain, actor=actor)
        except DomainTaken:
            return CheckResult.TAKEN
    return outcome


def _save_check_result(domain: Domain, outcome: CheckResult, actor: Actor) -> None:
    if domain.check_result != outcome:
        details = {"domain": domain.domain, "result": outcome.value, "was": domain.check_result}
        record("tenant.domain_checked", actor=actor, target=tenant_target(domain.tenant), **details)
    domain.proof_token = (
        domain.proof_token or new_proof_token()
    )  # claims from before there were proofs
    domain.checked_at, domain.check_result = timezone.now(), outcome.value
    domain.save(update_fields=["proof_token", "checked_at", "check_result"])


def check_all_domains(*, actor: Actor) -> Iterator[Domain]:
    """Check every claim and every proved domain and give each as it is settled.

    A claim that staff has withdrawn waits for somebody to check it by name.
    """
    with use_scope(PUBLIC):
        wanted = list(_custom_domains().exclude(check_result=CheckResult.WITHDRAWN))
    pool = ThreadPoolExecutor(CONCURRENT_LOOKUPS)
    try:
        asked = {pool.submit(look_up_proof, each.domain, each.proof_token): each for each in wanted}
        for done in as_completed(asked):
            domain = _apply_and_reload(asked[done], done.result(), actor)
            if domain is not None:
                yield domain
    finally:
        pool.shutdown(cancel_futures=True)


def _apply_and_reload(seen: Domain, outcome: CheckResult, actor: Actor) -> Domain | None:
    with suppress(DomainTaken, DomainNotFound):  # the first is kept with the claim
        apply_check_result(seen, outcome, actor=actor)
    with use_scope(PUBLIC):
        return _custom_domains().filter(pk=seen.pk).first()  # None if it was released meanwhile


def expire_claims(*, actor: Actor) -> list[str]:
    """Remove the claims that nobody has proved within DOMAIN_CLAIM_DAYS; return their names."""
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


def _custom_domains(tenant_id: uuid.UUID | None = None) -> QuerySet[Domain]:
    found: QuerySet[Domain] = Domain.objects.filter(kind=Domain.Kind.CUSTOM)
    found = found.exclude(tenant__status=Tenant.Status.DELETING).select_related("tenant")
    return found.filter(tenant_id=tenant_id) if tenant_id is not None else found
