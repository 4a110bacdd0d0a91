"""Custom domains of the own tenant: claimed, proved and released by managers."""

import secrets
from collections.abc import Callable

import pytest

from audit.models import AuditEvent
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import RateLimited
from tenants.domains.dns_proof import LOOKUP_SLOTS, MAX_CONCURRENT_LOOKUPS, lookup_slot
from tenants.models import Domain
from tests.support.accounts.invitations import audit_events
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, Person, add_member
from tests.support.http_client import Host, Site
from tests.support.name_server import NameServer

DOMAINS = "/api/tenant/domains"


@pytest.fixture
def name() -> str:
    return f"files.{secrets.token_hex(6)}.example"


def test_domain_is_claimed_proved_served_and_released(
    site: Site, agency: Agency, zone: NameServer, name: str
):
    admin = add_member(agency, "adm@x.test", role="admin").at
    claimed = admin.post(DOMAINS, {"domain": name.upper()})
    claim = claimed.json()

    before = admin.post(f"{DOMAINS}/{claim['id']}/check").json()
    zone.txt(claim["proof"]["name"], claim["proof"]["value"])
    after = admin.post(f"{DOMAINS}/{claim['id']}/check").json()
    served = Host(site.port, name, agency.owner.access_token).get("/api/users/me")
    listed = admin.get(DOMAINS).json()["results"]
    released = admin.delete(f"{DOMAINS}/{claim['id']}")

    assert (claimed.status_code, claim["domain"], claim["verified_at"]) == (201, name, None)
    assert (before["check_result"], before["verified_at"]) == ("nxdomain", None)
    assert (after["check_result"], bool(after["verified_at"])) == ("found", True)
    assert served.status_code == 200
    assert {row["domain"] for row in listed} == {name, f"{agency.slug}.aggios.localhost"}
    assert released.status_code == 204
    assert Host(site.port, name).get("/api/users/me").status_code == 404
    for action in ("tenant.domain_added", "tenant.domain_verified", "tenant.domain_removed"):
        [own] = audit_events(agency, action)
        assert (own.actor_label, own.details["domain"]) == ("adm@x.test", name)
        with use_scope(PUBLIC):
            [public] = AuditEvent.objects.filter(action=action, target_id=str(agency.ref.id))
        assert (public.actor_id, public.actor_label) == (own.actor_id, "")


def test_second_claim_returns_the_first(agency: Agency, name: str):
    first, again = (agency.owner.at.post(DOMAINS, {"domain": name}) for _ in range(2))

    assert first.json() == again.json()
    assert len(audit_events(agency, "tenant.domain_added")) == 1


def test_member_cannot_list_or_claim(acme: Agency, ben: Person, name: str):
    answers = [ben.at.get(DOMAINS), ben.at.post(DOMAINS, {"domain": name})]

    assert {status_and_code(answer) for answer in answers} == {(403, "permission_denied")}
    assert not Domain.objects.filter(domain=name).exists()


def test_another_tenants_domain_is_not_found(agency: Agency, globex: Agency, name: str):
    claim = agency.owner.at.post(DOMAINS, {"domain": name}).json()

    answers = [
        globex.owner.at.post(f"{DOMAINS}/{claim['id']}/check"),
        globex.owner.at.delete(f"{DOMAINS}/{claim['id']}"),
    ]

    assert {status_and_code(answer) for answer in answers} == {(404, "domain_not_found")}
    assert name not in globex.owner.at.get(DOMAINS).text
    assert Domain.objects.filter(pk=claim["id"]).exists()


def test_domain_proved_by_another_tenant_is_taken(
    agency: Agency, new_agency: Callable[..., Agency], zone: NameServer, name: str
):
    other = new_agency()
    claims = [each.owner.at.post(DOMAINS, {"domain": name}).json() for each in (agency, other)]

    zone.txt(claims[0]["proof"]["name"], claims[0]["proof"]["value"])
    first = agency.owner.at.post(f"{DOMAINS}/{claims[0]['id']}/check")
    zone.txt(claims[1]["proof"]["name"], claims[1]["proof"]["value"])
    second = other.owner.at.post(f"{DOMAINS}/{claims[1]['id']}/check")

    assert first.status_code == 200
    assert status_and_code(second) == (409, "domain_taken")
    assert Domain.objects.get(pk=claims[1]["id"]).check_result == "taken"
    agency.owner.at.delete(f"{DOMAINS}/{claims[0]['id']}")


def test_primary_domain_cannot_be_released(acme: Agency):
    [primary] = [d for d in acme.owner.at.get(DOMAINS).json()["results"] if d["is_primary"]]

    assert status_and_code(acme.owner.at.delete(f"{DOMAINS}/{primary['id']}")) == (
        409,
        "primary_domain",
    )
    answer = acme.owner.at.post(f"{DOMAINS}/{primary['id']}/check")
    assert status_and_code(answer) == (404, "domain_not_found")


@pytest.mark.parametrize("domain", ["acme", "x.aggios.localhost", "1.2.3.4", ""])
def test_invalid_domain_is_refused(acme: Agency, domain: str):
    answer = acme.owner.at.post(DOMAINS, {"domain": domain})

    assert {field for field, _ in field_errors(answer)} == {"domain"}


def test_checks_are_rate_limited_per_tenant(agency: Agency, zone: NameServer, name: str):
    claim = agency.owner.at.post(DOMAINS, {"domain": name}).json()

    answer = agency.owner.at.post(f"{DOMAINS}/{claim['id']}/check")

    assert '"domain_check";q=30;w=600' in answer.headers["RateLimit-Policy"]
    assert '"domain_check";r=29' in answer.headers["RateLimit"]


def test_dns_look_ups_leave_threads_free():
    held = [lookup_slot() for _ in range(MAX_CONCURRENT_LOOKUPS)]
    for each in held:
        each.__enter__()
    with pytest.raises(RateLimited) as caught, lookup_slot():
        pass
    for each in held:
        each.__exit__(None, None, None)

    assert caught.value.headers["Retry-After"] == "5"
    with lookup_slot():
        assert LOOKUP_SLOTS.acquire(blocking=False)
        LOOKUP_SLOTS.release()
