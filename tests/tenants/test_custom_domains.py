"""Custom domains: claim, proof, routing and release."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from audit.models import AuditEvent
from audit.services import SYSTEM, Actor
from tenants.domains.dns_proof import CheckResult, proof_record
from tenants.domains.services import (
    add_domain,
    claim_domain,
    get_domain,
    remove_domain,
    set_verified,
)
from tenants.domains.validation import is_domain_available
from tenants.domains.verification import (
    apply_check_result,
    check_all_domains,
    check_domain,
)
from tenants.lifecycle import mark_deleting, resume_tenant, suspend_tenant
from tenants.models import Domain
from tenants.problems import (
    DomainNotFound,
    DomainTaken,
    PrimaryDomain,
    TenantNotFound,
    TooManyDomains,
)
from tests.support.factories import Agency
from tests.support.http_client import Host, Site
from tests.support.name_server import NameServer
from tests.support.tenants.domains import proved, publish, statuses

SAM = Actor("staff", "7", "sam@aggios.test")


def test_domain_is_served_from_verification_until_release(
    site: Site, zone: NameServer, new_agency: Callable[..., Agency], name: str
):
    agency = new_agency()
    host = Host(site.port, name, agency.owner.access_token)
    assert statuses(host) == {404}
    claim = claim_domain(agency.ref.id, name=name, actor=SYSTEM)
    assert check_domain(claim.pk, actor=SYSTEM).check_result == CheckResult.NXDOMAIN
    assert statuses(host) == {404}

    publish(zone, claim)
    checked = check_domain(claim.pk, actor=SYSTEM)
    assert (checked.check_result, checked.verified_at is not None) == (CheckResult.FOUND, True)
    assert statuses(host) == {200}

    remove_domain(claim.pk, actor=SYSTEM)
    assert statuses(host) == {404}
    assert is_domain_available(name)


def test_each_claim_has_its_own_record(make_tenant, zone: NameServer, name: str):
    one, two = make_tenant(), make_tenant()
    first, second = (claim_domain(t.id, name=name, actor=SYSTEM) for t in (one, two))
    again = claim_domain(one.id, name=name.upper(), actor=SYSTEM)
    assert (again.pk, again.proof_token) == (first.pk, first.proof_token)
    assert first.proof_token != second.proof_token

    publish(zone, first)

    assert check_domain(second.pk, actor=SYSTEM).check_result == CheckResult.WRONG_VALUE
    assert check_domain(first.pk, actor=SYSTEM).verified_at


def test_domain_claimed_again_needs_new_proof(make_tenant, zone, name: str):
    tenant = make_tenant()
    remove_domain(proved(zone, tenant.id, name).pk, actor=SYSTEM)

    claim = claim_domain(tenant.id, name=name, actor=SYSTEM)

    assert check_domain(claim.pk, actor=SYSTEM).check_result == CheckResult.WRONG_VALUE


def test_verified_domain_cannot_be_claimed_by_another_tenant(make_tenant, zone, name: str):
    proved(zone, make_tenant().id, name)
    other = make_tenant()

    for attempt in (
        lambda: claim_domain(other.id, name=name, actor=SYSTEM),
        lambda: add_domain(other.id, name=name, verified=False, actor=SYSTEM),
        lambda: add_domain(other.id, name=name, verified=True, actor=SYSTEM),
    ):
        with pytest.raises(DomainTaken):
            attempt()
    assert not is_domain_available(name)
    assert Domain.objects.filter(domain=name).count() == 1


def test_earlier_claim_of_verified_domain_cannot_be_verified(make_tenant, zone, name: str):
    """Both records exist: the first verified tenant gets the domain."""
    one, two = make_tenant(), make_tenant()
    first, second = (claim_domain(t.id, name=name, actor=SYSTEM) for t in (one, two))
    zone.txt(proof_record(first).name, proof_record(first).value, proof_record(second).value)
    check_domain(first.pk, actor=SYSTEM)

    with pytest.raises(DomainTaken):
        check_domain(second.pk, actor=SYSTEM)
    with pytest.raises(DomainTaken):
        set_verified(second.pk, verified=True, actor=SAM)

    kept = Domain.objects.get(pk=second.pk)
    assert (kept.check_result, kept.verified_at) == (CheckResult.TAKEN, None)
    remove_domain(first.pk, actor=SYSTEM)
    assert check_domain(second.pk, actor=SYSTEM).verified_at


def test_concurrent_proofs_only_one_wins(site: Site, make_tenant, zone, name: str):
    tenants = [make_tenant() for _ in range(4)]
    claims = [claim_domain(tenant.id, name=name, actor=SYSTEM) for tenant in tenants]
    zone.txt(proof_record(claims[0]).name, *(proof_record(claim).value for claim in claims))

    def prove(claim: Domain) -> str:
        try:
            return check_domain(claim.pk, actor=SYSTEM).check_result
        except DomainTaken:
            return "taken"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(prove, claims)) == ["found", "taken", "taken", "taken"]
    assert Domain.objects.filter(domain=name, verified_at__isnull=False).count() == 1


def test_domain_released_during_lookup_is_not_verified(make_tenant, name: str):
    claim = claim_domain(make_tenant().id, name=name, actor=SYSTEM)
    remove_domain(claim.pk, actor=SYSTEM)

    with pytest.raises(DomainNotFound):
        apply_check_result(claim, CheckResult.FOUND, actor=SYSTEM)


def test_token_replaced_during_lookup_verifies_nothing(make_tenant, name: str):
    seen = claim_domain(make_tenant().id, name=name, actor=SYSTEM)
    Domain.objects.filter(pk=seen.pk).update(proof_token="another")

    assert apply_check_result(seen, CheckResult.FOUND, actor=SYSTEM).verified_at is None


def test_verified_domain_is_kept_when_its_record_disappears(site, new_agency, zone, name: str):
    agency = new_agency()
    domain = proved(zone, agency.ref.id, name)
    for outcome in (CheckResult.NXDOMAIN, CheckResult.SERVFAIL):
        zone.clear()
        if outcome == CheckResult.SERVFAIL:
            zone.faults[proof_record(domain).name] = "SERVFAIL"
        assert check_domain(domain.pk, actor=SYSTEM).check_result == outcome

    assert Host(site.port, name, agency.owner.access_token).get("/api/users/me").is_success


def test_domain_count_is_limited_per_tenant(make_tenant, settings):
    settings.CUSTOM_DOMAINS_PER_TENANT = 2
    tenant = make_tenant()

    def claim(_: int) -> str:
        try:
            fresh = f"{secrets.token_hex(6)}.example"
            return str(claim_domain(tenant.id, name=fresh, actor=SYSTEM).kind)
        except TooManyDomains:
            return "too many"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(claim, range(4))) == ["custom", "custom", "too many", "too many"]


def test_other_tenants_domains_are_not_found(make_tenant, zone, name: str):
    mine, other = make_tenant(), make_tenant()
    claim = claim_domain(mine.id, name=name, actor=SYSTEM)
    publish(zone, claim)

    for attempt in (
        lambda: get_domain(other.id, claim.pk),
        lambda: check_domain(claim.pk, tenant_id=other.id, actor=SYSTEM),
        lambda: remove_domain(claim.pk, tenant_id=other.id, actor=SYSTEM),
    ):
        with pytest.raises(DomainNotFound):
            attempt()

    assert Domain.objects.get(pk=claim.pk).checked_at is None
    assert zone.asked == []
    assert check_domain(claim.pk, tenant_id=mine.id, actor=SYSTEM).verified_at
    remove_domain(claim.pk, tenant_id=mine.id, actor=SYSTEM)


def test_primary_domain_cannot_be_released(make_tenant):
    tenant = make_tenant()
    primary = Domain.objects.get(tenant_id=tenant.id)

    with pytest.raises(PrimaryDomain):
        remove_domain(primary.pk, actor=SYSTEM)


def test_suspended_tenant_is_refused_on_its_custom_domain(site, new_agency, zone, name: str):
    agency = new_agency()
    proved(zone, agency.ref.id, name)
    host = Host(site.port, name)
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="Unpaid.")
    assert host.get("/api/users/me").json()["code"] == "tenant_suspended"
    assert "Unpaid." in host.get("/", headers={"Accept": "text/html"}).text

    resume_tenant(agency.ref.id, actor=SYSTEM)
    assert host.get("/").status_code == 200


def test_deleting_tenant_cannot_claim_or_verify(make_tenant, zone, name: str):
    tenant = make_tenant()
    claim = claim_domain(tenant.id, name=name, actor=SYSTEM)
    publish(zone, claim)
    mark_deleting(tenant.id, actor=SYSTEM)

    with pytest.raises(TenantNotFound):
        claim_domain(tenant.id, name=f"b.{name}", actor=SYSTEM)
    with pytest.raises(DomainNotFound):
        check_domain(claim.pk, actor=SYSTEM)


def test_staff_can_verify_and_unverify_a_domain(site, new_agency, zone, name: str):
    agency = new_agency()
    domain = add_domain(agency.ref.id, name=name, verified=True, actor=SAM)
    host = Host(site.port, name, agency.owner.access_token)
    assert statuses(host) == {200}
    publish(zone, domain)

    set_verified(domain.pk, verified=False, actor=SAM)

    assert statuses(host) == {404}
    # The existing record does not verify it again.
    list(check_all_domains(actor=SYSTEM))
    assert check_domain(domain.pk, actor=SYSTEM).check_result == CheckResult.WRONG_VALUE


def test_domain_changes_are_audited_with_their_actor(make_tenant, zone, name: str):
    tenant = make_tenant()
    domain = claim_domain(tenant.id, name=name, actor=SAM)
    for _ in range(2):
        check_domain(domain.pk, actor=SAM)
    publish(zone, domain)
    check_domain(domain.pk, actor=SAM)
    set_verified(domain.pk, verified=False, actor=SAM)
    remove_domain(domain.pk, actor=SAM)

    events = AuditEvent.objects.filter(target_id=str(tenant.id), details__domain=name)
    told = [(e.action, e.actor_label, e.details.get("result")) for e in events.order_by("at")]

    assert told == [
        ("tenant.domain_added", "sam@aggios.test", None),
        ("tenant.domain_checked", "sam@aggios.test", "nxdomain"),
        ("tenant.domain_verified", "sam@aggios.test", None),
        ("tenant.domain_checked", "sam@aggios.test", "found"),
        ("tenant.domain_unverified", "sam@aggios.test", None),
        ("tenant.domain_removed", "sam@aggios.test", None),
    ]
