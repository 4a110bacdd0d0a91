"""Custom domains of the own tenant: claimed, checked and released by managers."""

import uuid
from collections.abc import Callable

from django.db import transaction

from accounts.models import User
from accounts.own_tenant.services import actor_by_id
from accounts.users.permissions import lock_authorized_actor
from accounts.users.queries import user_actor
from audit.services import record
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import current_tenant, tenant_target
from tenants.domains.dns_proof import CheckResult, look_up_proof, lookup_slot
from tenants.domains.services import claim_domain, domains_of, get_domain, remove_domain
from tenants.domains.verification import apply_check_result
from tenants.models import Domain
from tenants.problems import DomainNotFound, DomainTaken
from tenants.queries import lock_undeleted_tenant

WRITE_ACTION = "domains:write"


def claim_own_domain(*, name: str, actor: User) -> Domain:
    """Claim a custom domain. A domain that is claimed already is returned unchanged.

    Raises: ValidationFailed, TooManyDomains, DomainTaken.
    """
    tenant_id = current_tenant().id
    with transaction.atomic():
        actor = lock_authorized_actor(WRITE_ACTION, actor)
        with use_scope(PUBLIC):
            lock_undeleted_tenant(tenant_id)  # locked, so ``known`` stays true
            known = set(domains_of(tenant_id).values_list("pk", flat=True))
        domain = claim_domain(tenant_id, name=name, actor=actor_by_id(actor))
        if domain.pk not in known:
            _record("tenant.domain_added", domain, actor)
        return domain


def release_own_domain(
    domain_id: uuid.UUID, *, actor: User, check: Callable[[Domain], None]
) -> None:
    """Release a domain. It stops at once. ``check`` gets the locked row and may raise.

    Raises: DomainNotFound, PrimaryDomain.
    """
    tenant_id = current_tenant().id
    with transaction.atomic():
        actor = lock_authorized_actor(WRITE_ACTION, actor)
        domain = get_own_domain(domain_id)
        public_actor = actor_by_id(actor)
        remove_domain(domain_id, tenant_id=tenant_id, actor=public_actor, check=check)
        _record("tenant.domain_removed", domain, actor)


def check_own_domain(domain_id: uuid.UUID, *, actor: User) -> Domain:
    """Look up the DNS record of a claim now, for at most five seconds.

    Raises: DomainNotFound; DomainTaken; RateLimited while other look-ups run.
    """
    seen = get_own_domain(domain_id)
    if seen.is_label:
        raise DomainNotFound
    with lookup_slot():
        outcome = look_up_proof(seen.domain, seen.proof_token)
    domain, taken = _store_outcome(seen, outcome, actor)
    if taken:
        raise taken
    return domain


def get_own_domain(domain_id: uuid.UUID) -> Domain:
    """Return one domain of the current tenant. Raises: DomainNotFound."""
    with use_scope(PUBLIC):
        return get_domain(current_tenant().id, domain_id)


def _store_outcome(
    seen: Domain, outcome: CheckResult, actor: User
) -> tuple[Domain, DomainTaken | None]:
    """Store the result of a look-up, also if another tenant has the domain."""
    with transaction.atomic():
        actor = lock_authorized_actor(WRITE_ACTION, actor)
        try:
            domain = apply_check_result(seen, outcome, actor=actor_by_id(actor))
        except DomainTaken as exc:
            return seen, exc
        if domain.verified_at and not seen.verified_at:
            _record("tenant.domain_verified", domain, actor)
        return domain, None


def _record(action: str, domain: Domain, actor: User) -> None:
    target = tenant_target(domain.tenant)
    record(action, actor=user_actor(actor), target=target, domain=domain.domain)
