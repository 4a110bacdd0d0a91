"""The staff API: custom domains claimed, proved, released; each tenant's own."""

import secrets

import pytest

from tenants.models import Domain
from tests.staff.test_tenants import at, faults
from tests.support.factories import Agency
from tests.support.http_client import Host, Site
from tests.support.name_server import NameServer
from tests.support.staff_audit import assert_recorded


@pytest.fixture
def name() -> str:
    return f"files.{secrets.token_hex(6)}.example"


def test_a_claim_is_proved_and_served_and_released(
    site: Site, sue: Host, zone: NameServer, new_agency, name: str
) -> None:
    agency = new_agency()

    claimed = sue.post(f"{at(agency)}/domains", {"domain": name.upper()})
    claim = claimed.json()
    before = sue.post(f"{at(agency)}/domains/{claim['id']}/check").json()
    zone.txt(claim["proof"]["name"], claim["proof"]["value"])
    after = sue.post(f"{at(agency)}/domains/{claim['id']}/check").json()
    served = Host(site.port, name, agency.owner.access_token).get("/api/users/me")
    listed = sue.get(f"{at(agency)}/domains").json()["results"]
    released = sue.delete(f"{at(agency)}/domains/{claim['id']}")

    assert (claimed.status_code, claim["domain"], claim["verified_at"]) == (201, name, None)
    assert (before["check_result"], before["verified_at"]) == ("nxdomain", None)
    assert after["check_result"] == "found"
    assert after["verified_at"]
    assert served.status_code == 200
    assert {row["domain"] for row in listed} == {name, f"{agency.slug}.aggios.localhost"}
    assert (released.status_code, released.content) == (204, b"")
    assert Host(site.port, name).get("/api/users/me").status_code == 404
    for action in ("domain_added", "domain_verified", "domain_removed"):
        assert_recorded(f"tenant.{action}", by=sue.staff, target_id=str(agency.ref.id))


def test_a_domain_of_another_tenants_is_not_found(sue: Host, new_agency, name: str) -> None:
    one, other = new_agency(), new_agency()
    claim = sue.post(f"{at(one)}/domains", {"domain": name}).json()

    answers = [
        sue.post(f"{at(other)}/domains/{claim['id']}/check"),
        sue.delete(f"{at(other)}/domains/{claim['id']}"),
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "domain_not_found")] * 2
    assert Domain.objects.filter(pk=claim["id"]).exists()


def test_the_primary_name_stays(sue: Host, acme: Agency) -> None:
    [primary] = [d for d in sue.get(at(acme)).json()["domains"] if d["is_primary"]]

    answer = sue.delete(f"{at(acme)}/domains/{primary['id']}")

    assert (answer.status_code, answer.json()["code"]) == (409, "primary_domain")


@pytest.mark.parametrize("domain", ["acme", "a..b", "x.aggios.localhost", "1.2.3.4", "", 5.5])
def test_what_is_no_domain_is_refused(sue: Host, acme: Agency, domain) -> None:
    before = len(sue.get(at(acme)).json()["domains"])

    assert {f for f, _ in faults(sue.post(f"{at(acme)}/domains", {"domain": domain}))} == {"domain"}
    assert len(sue.get(at(acme)).json()["domains"]) == before


def test_a_claim_that_is_asked_for_twice_is_one(sue: Host, new_agency, name: str) -> None:
    path, key = f"{at(new_agency())}/domains", {"Idempotency-Key": secrets.token_hex(8)}

    first, second = (sue.post(path, {"domain": name}, headers=key) for _ in range(2))
    other = sue.post(path, {"domain": f"x{name}"}, headers=key)

    assert (first.status_code, first.json()) == (201, second.json())
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
