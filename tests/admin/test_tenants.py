"""Tenants in the admin: creation, search, renaming; no direct deletion."""

import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import Invitation, User
from tenants.context import ref_of, tenant_context
from tenants.models import Tenant
from tests.support.browser import Browser
from tests.support.http_client import Site
from tests.support.staff_audit import assert_recorded, last_event

LIST, ADD = "/admin/tenants/tenant/", "/admin/tenants/tenant/add/"


def new_slug() -> str:
    return f"n{secrets.token_hex(6)}"


def form_of(slug: str, **fields: str) -> dict[str, str]:
    """Return the form of a new tenant as a browser sends it."""
    owner = {"owner_email": f"olga@{slug}.test"}
    return {"name": "Initech", "subdomain": slug, "registration": "closed", **owner, **fields}


def tenants_at(slug: str) -> list[Tenant]:
    return list(Tenant.objects.filter(domains__domain=slug))


def test_new_tenant_is_provisioned(site: Site, superuser_browser: Browser) -> None:
    slug = new_slug()

    answer = superuser_browser.submit(ADD, form_of(slug, name="  Initech   Ltd "))

    assert answer.status_code == 302
    [tenant] = tenants_at(slug)
    assert (tenant.name, tenant.status, tenant.registration) == ("Initech Ltd", "active", "closed")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [tenant.schema_name])
        assert cursor.fetchone() == (1,)
    asked = site.host(slug).post("/api/auth/login", {"email": "a@b.test", "password": "x" * 12})
    assert asked.json()["code"] == "invalid_credentials"
    event = assert_recorded("tenant.created", by=superuser_browser.staff, target_id=str(tenant.id))
    assert event.details == {"subdomain": slug}


def test_owner_is_invited_by_email(superuser_browser: Browser) -> None:
    slug, email = new_slug(), "olga@initech.test"

    answer = superuser_browser.submit(ADD, form_of(slug, owner_email=email))

    shown = superuser_browser.follow(answer).text
    assert f"{email} is invited by e-mail to own" in shown
    [tenant] = tenants_at(slug)
    with tenant_context(ref_of(tenant)):
        [invitation] = Invitation.objects.all()
        event = last_event("invitation.created", target_id=str(invitation.pk))
        assert not User.objects.exists()
    assert (invitation.email, invitation.role, invitation.invited_by_id) == (email, "owner", None)
    assert event.actor_label == superuser_browser.staff.email


@pytest.mark.parametrize(
    ("subdomain", "says"),
    [
        ("www", "This name is reserved."),
        ("acme", "Somebody has this name already."),
        ("ACME", "Somebody has this name already."),
        ("-x-", "Use lower-case letters"),
        ("a", "Use 2 to 40 characters."),
        ("xn--bcher-kva", "Names that begin with xn--"),
        ("a.b", "Use lower-case letters"),
        ("", "This field is required."),
        ("a\x00b", "Null characters are not allowed."),
    ],
)
def test_invalid_subdomain_is_a_form_error(
    acme, superuser_browser: Browser, subdomain: str, says: str
) -> None:
    before = Tenant.objects.count()

    form = form_of(subdomain, owner_email="olga@initech.test")
    answer = superuser_browser.submit(ADD, form)

    assert answer.status_code == 200
    assert says in answer.text
    assert Tenant.objects.count() == before


def test_concurrent_creations_only_one_gets_subdomain(staff_browser) -> None:
    slug, browser = new_slug(), staff_browser(is_superuser=True)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: browser.submit(ADD, form_of(slug)), range(4)))

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(302) == 1
    assert set(statuses) <= {200, 302, 409}
    assert len(tenants_at(slug)) == 1


@pytest.mark.parametrize("email", ["", " ", "olga", "olga@initech", "a@b.test, c@d.test"])
def test_missing_or_invalid_owner_creates_nothing(superuser_browser: Browser, email: str) -> None:
    slug = new_slug()

    answer = superuser_browser.submit(ADD, form_of(slug, owner_email=email))

    assert answer.status_code == 200
    assert tenants_at(slug) == []


def change_form(slug: str, **fields: str) -> dict[str, str]:
    """Return the form of the change page as a browser sends it, with one unchanged domain."""
    [tenant] = tenants_at(slug)
    [domain] = tenant.domains.all()
    return {
        "name": tenant.name,
        "registration": tenant.registration,
        "domains-TOTAL_FORMS": "1",
        "domains-INITIAL_FORMS": "1",
        "domains-0-id": str(domain.id),
        "domains-0-tenant": str(tenant.id),
        **fields,
    }


def page_of(slug: str) -> str:
    return f"{LIST}{tenants_at(slug)[0].id}/change/"


def test_changed_name_is_known_at_once(site: Site, superuser_browser: Browser, new_agency) -> None:
    slug = new_agency().slug
    visitor = Browser(site, slug)
    before = visitor.get("/").text

    answer = superuser_browser.submit(page_of(slug), change_form(slug, name="Umbrella & Co"))

    assert answer.status_code == 302, answer.text
    assert "Umbrella" not in before
    assert "Umbrella &amp; Co" in visitor.get("/").text
    event = assert_recorded("tenant.updated", by=superuser_browser.staff)
    assert event.details["changes"]["name"]["to"] == "Umbrella & Co"


def test_read_only_fields_cannot_be_sent(superuser_browser: Browser, new_agency) -> None:
    slug = new_agency().slug
    [before] = tenants_at(slug)
    forged = {"schema_name": "public", "status": "suspended", "key_version": "9", "id": "1"}

    superuser_browser.submit(
        page_of(slug), change_form(slug, **forged, **{"domains-0-domain": "stolen"})
    )

    [after] = tenants_at(slug)
    assert (after.schema_name, after.status, after.key_version) == (
        before.schema_name,
        "active",
        before.key_version,
    )
    assert tenants_at("stolen") == []


def test_tenants_are_found_by_name_domain_and_filter(
    superuser_browser: Browser, new_agency
) -> None:
    slug = new_agency(company="Zorbanism").slug

    by_name, by_domain = (
        superuser_browser.get(LIST, params={"q": "zorban"}),
        superuser_browser.get(LIST, params={"q": slug}),
    )
    suspended = superuser_browser.get(LIST, params={"q": slug, "status__exact": "suspended"})

    assert slug in by_name.text
    assert "Zorbanism" in by_domain.text
    assert "Zorbanism" not in suspended.text


def test_tenant_cannot_be_deleted_directly(superuser_browser: Browser, new_agency) -> None:
    slug = new_agency().slug
    [tenant] = tenants_at(slug)

    page = superuser_browser.get(page_of(slug))
    answer = superuser_browser.get(f"{LIST}{tenant.id}/delete/")
    superuser_browser.submit(
        LIST, {"action": "delete_selected", "_selected_action": str(tenant.id), "post": "yes"}
    )

    assert "Schedule the deletion" in page.text
    assert answer.status_code == 403
    assert tenants_at(slug) == [tenant]


def test_permissions_are_required(staff_browser, new_agency) -> None:
    slug = new_agency().slug
    [tenant] = tenants_at(slug)
    reader, outsider = staff_browser("view_tenant"), staff_browser()

    assert reader.get(page_of(slug)).status_code == 200
    refused = [
        reader.get(ADD),
        reader.post(ADD, {**form_of(new_slug()), **token_of(reader)}),
        reader.post(page_of(slug), {**change_form(slug, name="Taken over"), **token_of(reader)}),
        outsider.get(LIST),
        outsider.get(page_of(slug)),
        outsider.get("/admin/audit/auditevent/"),
        outsider.get("/admin/staff/staffuser/"),
    ]
    assert {answer.status_code for answer in refused} == {403}
    assert tenants_at(slug)[0].name == tenant.name


def token_of(browser: Browser) -> dict[str, str]:
    """Return a valid CSRF token for a form that the user may not open."""
    found = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', browser.get("/admin/").text)
    assert found
    return {"csrfmiddlewaretoken": found[1]}
