"""Changing the subdomain on a tenant's page, and checking DNS records."""

import secrets

from audit.services import SYSTEM
from tenants.domains.dns_proof import proof_record
from tenants.domains.services import claim_domain
from tests.admin.test_suspension import chosen
from tests.admin.test_tenants import LIST, change_form, page_of, tenants_at
from tests.staff.test_domains import name
from tests.support.browser import Browser
from tests.support.http_client import Site
from tests.support.name_server import NameServer
from tests.support.staff_audit import assert_recorded

__all__ = ["name"]


def new_slug() -> str:
    return f"n{secrets.token_hex(6)}"


def test_changed_subdomain_renames_tenant(
    site: Site, superuser_browser: Browser, new_agency
) -> None:
    agency, slug = new_agency(), new_slug()

    answer = superuser_browser.submit(
        page_of(agency.slug), change_form(agency.slug, subdomain=f" {slug} ")
    )

    assert answer.status_code == 302, answer.text
    assert site.host(slug).with_token(agency.owner.access_token).get("/api/users/me").is_success
    assert agency.owner.at.get("/api/users/me").status_code == 307
    event = assert_recorded("tenant.renamed", by=superuser_browser.staff)
    assert (event.details["from"], event.details["to"]) == (agency.slug, slug)


def test_blank_subdomain_keeps_current_one(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency()

    page = superuser_browser.get(page_of(agency.slug)).text
    answer = superuser_browser.submit(
        page_of(agency.slug), change_form(agency.slug, name="Other", subdomain="")
    )

    assert f'name="subdomain" value="{agency.slug}"' in page
    assert answer.status_code == 302
    assert (tenants_at(agency.slug)[0].slug, tenants_at(agency.slug)[0].name) == (
        agency.slug,
        "Other",
    )


def test_taken_or_invalid_subdomain_is_a_form_error(
    acme, superuser_browser: Browser, new_agency
) -> None:
    agency = new_agency()
    says = {"acme": "Somebody has this name already.", "www": "This name is reserved."}

    for wanted, sentence in says.items():
        answer = superuser_browser.submit(
            page_of(agency.slug), change_form(agency.slug, subdomain=wanted)
        )
        assert (answer.status_code, sentence in answer.text) == (200, True)

    assert tenants_at(agency.slug)[0].slug == agency.slug


def test_check_action_looks_up_domains(
    superuser_browser: Browser, zone: NameServer, new_agency, name: str
) -> None:
    agency = new_agency()
    claim = claim_domain(agency.ref.id, name=name, actor=SYSTEM)
    check = chosen(agency.slug, "check_domains", confirm="yes")

    before = superuser_browser.follow(superuser_browser.submit(LIST, check)).text
    proof = proof_record(claim)
    zone.txt(proof.name, proof.value)
    after = superuser_browser.follow(superuser_browser.submit(LIST, check)).text
    shown = superuser_browser.get(page_of(agency.slug)).text

    assert f"{name} is not proved: nxdomain." in before
    assert f"{name} is proved." in after
    assert proof.value in shown
    claim.refresh_from_db()
    assert claim.verified_at is not None
    assert_recorded(
        "tenant.domain_verified", by=superuser_browser.staff, target_id=str(agency.ref.id)
    )
