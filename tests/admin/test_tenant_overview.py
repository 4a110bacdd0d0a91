"""The overview on the page of a tenant: what it shows, and the actions that it offers."""

import re

from tenants.models import Tenant
from tests.admin.test_tenants import LIST, change_form, page_of, tenants_at, token_of
from tests.support.browser import Browser
from tests.support.staff_audit import assert_recorded

HOSTILE = "<img src=x onerror=alert(1)>"


def offered(page: str) -> set[str]:
    """Return the actions that a page has buttons for."""
    return set(re.findall(r'name="action" value="(\w+)"', page))


def test_overview_shows_people_usage_domains_and_events(
    superuser_browser: Browser, new_agency
) -> None:
    agency = new_agency()
    superuser_browser.submit(
        page_of(agency.slug), change_form(agency.slug, storage_bytes=str(2 * 1024**3))
    )

    page = superuser_browser.get(page_of(agency.slug)).text

    assert agency.owner.email in page
    assert "<dt>Owners</dt><dd>1</dd>" in page
    assert "0 bytes of 2 GiB" in page
    assert f'<meter min="0" max="{2 * 1024**3}"' in page
    assert f'<th scope="row">{agency.slug}</th>' in page
    assert "tenant.updated</a>" in page


def test_only_actions_that_apply_are_offered(
    superuser_browser: Browser, staff_browser, new_agency
) -> None:
    slug = new_agency().slug
    path = page_of(slug)

    served = offered(superuser_browser.get(path).text)
    Tenant.objects.filter(pk=tenants_at(slug)[0].pk).update(status="suspended")
    suspended = offered(superuser_browser.get(path).text)
    viewed = staff_browser("view_tenant").get(path).text

    assert served == {"suspend", "rotate_key", "schedule_deletion"}
    assert suspended == {"resume", "rotate_key", "schedule_deletion"}
    assert offered(viewed) == set()
    assert "overview-actions" not in viewed
    assert "tenant.created" not in viewed


def test_button_leads_to_confirmation_and_back(superuser_browser: Browser, new_agency) -> None:
    slug = new_agency().slug
    [tenant] = tenants_at(slug)
    chosen = {"action": "suspend", "_selected_action": str(tenant.pk), "from_page": "1"}

    asked = superuser_browser.post(LIST, {**chosen, **token_of(superuser_browser)})
    before = Tenant.objects.get(pk=tenant.pk).status
    done = superuser_browser.post(
        LIST, {**chosen, "confirm": "yes", "reason": "Unpaid.", **token_of(superuser_browser)}
    )

    assert "Suspend workspaces" in asked.text
    assert f'class="closelink" href="{page_of(slug)}"' in asked.text
    assert before == "active"
    assert (done.status_code, done.headers["location"]) == (302, page_of(slug))
    assert Tenant.objects.get(pk=tenant.pk).status == "suspended"
    assert_recorded("tenant.suspended", by=superuser_browser.staff, target_id=str(tenant.pk))
    assert "Unpaid." in superuser_browser.get(page_of(slug)).text


def test_button_without_csrf_token_changes_nothing(superuser_browser: Browser, new_agency) -> None:
    slug = new_agency().slug
    [tenant] = tenants_at(slug)
    chosen = {"action": "suspend", "_selected_action": str(tenant.pk), "from_page": "1"}

    refused = superuser_browser.post(LIST, {**chosen, "confirm": "yes", "reason": "Forged."})

    assert refused.status_code == 403
    assert Tenant.objects.get(pk=tenant.pk).status == "active"


def test_hostile_names_are_escaped(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency()
    [tenant] = tenants_at(agency.slug)
    Tenant.objects.filter(pk=tenant.pk).update(
        name=HOSTILE, suspended_reason=HOSTILE, status="suspended"
    )

    pages = [
        superuser_browser.get(page_of(agency.slug)).text,
        superuser_browser.get(LIST, params={"q": agency.slug}).text,
    ]

    for page in pages:
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_tenant_without_schema_has_a_page(superuser_browser: Browser, new_agency) -> None:
    slug = new_agency().slug
    [tenant] = tenants_at(slug)
    Tenant.objects.filter(pk=tenant.pk).update(schema_name="t_" + "f" * 32, status="deleting")

    page = superuser_browser.get(page_of(slug))
    Tenant.objects.filter(pk=tenant.pk).update(schema_name=tenant.schema_name, status="active")

    assert page.status_code == 200
    assert "Its schema cannot be read now" in page.text
    assert offered(page.text) == set()
