"""The staff API: custom domains are claimed, proved and released."""

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


def test_domain_is_claimed_proved_served_and_released(
    site: Site, staff_superuser: Host, zone: NameServer, new_agency, name: str
) -> None:
    agency = new_agency()

    claimed = staff_superuser.post(f"{at(agency)}/domains", {"domain": name.upper()})
    claim = claimed.json()
    before = staff_superuser.post(f"{at(agency)}/domains/{claim['id']}/check").json()
    zone.txt(claim["proof"]["name"], claim["proof"]["value"])
    after = staff_superuser.post(f"{at(agency)}/domains/{claim['id']}/check").json()
    served = Host(site.port, name, agency.owner.access_token).get("/api/users/me")
    listed = staff_superuser.get(f"{at(agency)}/domains").json()["results"]
    released = staff_superuser.delete(f"{at(agency)}/domains/{claim['id']}")

    assert (claimed.status_code, claim["domain"], claim["verified_at"]) == (201, name, None)
    assert (before["check_result"], before["verified_at"]) == ("nxdomain", None)
    assert after["check_result"] == "found"
    assert after["verified_at"]
    assert served.status_code == 200
    assert {row["domain"] for row in listed} == {name, f"{agency.slug}.aggios.localhost"}
    assert (released.status_code, released.content) == (204, b"")
    assert Host(site.port, name).get("/api/users/me").status_code == 404
    for action in ("domain_added", "domain_verified", "domain_removed"):
        assert_recorded(f"tenant.{action}", by=staff_superuser.staff, target_id=str(agency.ref.id))


def test_domain_of_another_tenant_is_not_found(
    staff_superuser: Host, new_agency, name: str
) -> None:
    one, other = new_agency(), new_agency()
    claim = staff_superuser.post(f"{at(one)}/domains", {"domain": name}).json()

    answers = [
        staff_superuser.post(f"{at(other)}/domains/{claim['id']}/check"),
        staff_superuser.delete(f"{at(other)}/domains/{claim['id']}"),
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "domain_not_found")] * 2
    assert Domain.objects.filter(pk=claim["id"]).exists()


def test_primary_domain_cannot_be_released(staff_superuser: Host, acme: Agency) -> None:
    [primary] = [d for d in staff_superuser.get(at(acme)).json()["domains"] if d["is_primary"]]

    answer = staff_superuser.delete(f"{at(acme)}/domains/{primary['id']}")

    assert (answer.status_code, answer.json()["code"]) == (409, "primary_domain")


@pytest.mark.parametrize("domain", ["acme", "a..b", "x.aggios.localhost", "1.2.3.4", "", 5.5])
def test_invalid_domain_is_refused(staff_superuser: Host, acme: Agency, domain) -> None:
    before = len(staff_superuser.get(at(acme)).json()["domains"])

    assert {
        f for f, _ in faults(staff_superuser.post(f"{at(acme)}/domains", {"domain": domain}))
    } == {"domain"}
    assert len(staff_superuser.get(at(acme)).json()["domains"]) == before


def test_repeated_claim_is_made_once(staff_superuser: Host, new_agency, name: str) -> None:
    path, key = f"{at(new_agency())}/domains", {"Idempotency-Key": secrets.token_hex(8)}

    first, second = (staff_superuser.post(path, {"domain": name}, headers=key) for _ in range(2))
    other = staff_superuser.post(path, {"domain": f"x{name}"}, headers=key)

    assert (first.status_code, first.json()) == (201, second.json())
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
