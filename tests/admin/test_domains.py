"""Domains of a tenant, added and removed on its page."""

import re
import secrets

import pytest

from audit.services import SYSTEM
from staff.admin.domains import MAX_NEW_DOMAINS
from tenants.domains.services import add_domain
from tenants.models import Domain
from tests.admin.test_tenants import change_form, page_of, tenants_at
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Host, Site
from tests.support.staff_audit import assert_recorded


def with_domain(slug: str, name: str, **fields: str) -> dict[str, str]:
    form = change_form(slug)
    [tenant] = tenants_at(slug)
    added = {"domains-TOTAL_FORMS": "2", "domains-1-domain": name}
    return {**form, **added, "domains-1-tenant": str(tenant.id), **fields}


def test_form_with_forged_row_count_is_refused(superuser_browser: Browser, acme: Agency) -> None:
    form = change_form(acme.slug)

    answer = superuser_browser.submit(page_of(acme.slug), {**form, "domains-TOTAL_FORMS": "9" * 30})

    assert answer.status_code == 200
    assert 0 < len(re.findall(r'id="domains-\d+"', answer.text)) <= MAX_NEW_DOMAINS + 10


def test_second_subdomain_is_served_at_once(site: Site, superuser_browser, new_agency) -> None:
    slug, alias = new_agency().slug, f"n{secrets.token_hex(6)}"
    before = Browser(site, alias).get("/").status_code

    answer = superuser_browser.submit(page_of(slug), with_domain(slug, alias.upper()))

    assert answer.status_code == 302, answer.text
    assert (before, Browser(site, alias).get("/").status_code) == (404, 200)
    assert tenants_at(slug)[0].slug == slug
    assert_recorded("tenant.domain_added", by=superuser_browser.staff, details__domain=alias)


def test_verified_custom_domain_is_served(site: Site, superuser_browser, new_agency) -> None:
    slug = new_agency().slug
    name = f"files.{slug}.example"
    visitor = Host(site.port, name)

    superuser_browser.submit(page_of(slug), with_domain(slug, name))
    unverified = visitor.get("/").status_code
    [tenant] = tenants_at(slug)
    first, second = tenant.domains.all()
    rows = {
        "name": tenant.name,
        "registration": tenant.registration,
        "domains-TOTAL_FORMS": "2",
        "domains-INITIAL_FORMS": "2",
        "domains-0-id": str(first.id),
        "domains-0-tenant": str(tenant.id),
        "domains-1-id": str(second.id),
        "domains-1-tenant": str(tenant.id),
    }
    superuser_browser.submit(page_of(slug), {**rows, "domains-1-verified": "on"})
    verified = visitor.get("/").status_code
    removed = superuser_browser.submit(
        page_of(slug), {**rows, "domains-1-verified": "on", "domains-1-DELETE": "on"}
    )

    assert removed.status_code == 302, removed.text
    assert (unverified, verified, visitor.get("/").status_code) == (404, 200, 404)
    for action in ("domain_added", "domain_verified", "domain_removed"):
        assert_recorded(f"tenant.{action}", by=superuser_browser.staff, details__domain=name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("acme", "Somebody has this name already."),
        ("admin", "This name is reserved."),
        ("127.0.0.1", "This is not a domain name."),
        ("not_a.host", "This is not a domain name."),
        ("-x.example", "This is not a domain name."),
        (f"{'x' * 64}.example", "This is not a domain name."),
        ("new.aggios.localhost", "Give the subdomain without the rest."),
        ("aggios.localhost", "Give the subdomain without the rest."),
    ],
)
def test_invalid_domain_is_a_form_error(
    acme, superuser_browser, new_agency, name: str, says: str
) -> None:
    slug = new_agency().slug

    answer = superuser_browser.submit(page_of(slug), with_domain(slug, name))

    assert answer.status_code == 200
    assert says in answer.text
    assert tenants_at(slug)[0].domains.count() == 1


def test_domain_of_another_tenant_is_refused(site: Site, superuser_browser, new_agency) -> None:
    """A proved domain stays with its tenant, even if staff add it to another one."""
    mine, slug = new_agency(), new_agency().slug
    name = f"files.{slug}.example"
    rows = change_form(slug, **{"domains-TOTAL_FORMS": "2", "domains-INITIAL_FORMS": "2"})
    superuser_browser.submit(page_of(slug), with_domain(slug, name))
    [tenant] = tenants_at(slug)
    proved = add_domain(mine.ref.id, name=name, verified=True, actor=SYSTEM)
    second = tenant.domains.get(domain=name)
    claim = {"domains-1-id": str(second.id), "domains-1-tenant": str(tenant.id)}

    answer = superuser_browser.submit(page_of(slug), {**rows, **claim, "domains-1-verified": "on"})

    assert answer.status_code == 409
    assert "belongs to a workspace already" in answer.text
    assert Domain.objects.get(pk=second.id).verified_at is None
    assert Domain.objects.get(pk=proved.id).verified_at


def test_primary_domain_cannot_be_removed(superuser_browser, new_agency) -> None:
    slug = new_agency().slug

    answer = superuser_browser.submit(
        page_of(slug), change_form(slug, **{"domains-0-DELETE": "on"})
    )

    assert answer.status_code == 200
    assert "A workspace keeps its primary domain." in answer.text
    assert len(tenants_at(slug)) == 1


def test_domain_id_of_another_tenant_is_refused(acme, superuser_browser, new_agency) -> None:
    slug = new_agency().slug
    domain = acme.ref and tenants_at("acme")[0].domains.get()

    superuser_browser.submit(
        page_of(slug),
        change_form(slug, **{"domains-0-id": str(domain.id), "domains-0-DELETE": "on"}),
    )

    assert len(tenants_at("acme")) == 1
