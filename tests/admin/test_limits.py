"""Limits of a tenant in the admin."""

from tenants.models import Tenant
from tests.admin.test_tenants import change_form, page_of, tenants_at
from tests.support.browser import Browser
from tests.support.staff_audit import assert_recorded


def limits_at(slug: str) -> dict[str, int]:
    [tenant] = tenants_at(slug)
    return Tenant.objects.get(pk=tenant.pk).limits


def test_a_limit_is_set_shown_and_given_back(sue: Browser, new_agency) -> None:
    slug = new_agency().slug

    sue.submit(page_of(slug), change_form(slug, storage_bytes="123456", storage_objects="0"))
    stored, page = limits_at(slug), sue.get(page_of(slug)).text
    event = assert_recorded("tenant.updated", by=sue.staff)
    sue.submit(page_of(slug), change_form(slug))

    assert stored == {"storage_bytes": 123456, "storage_objects": 0}
    assert 'name="storage_bytes" value="123456"' in page
    assert event.details["changes"]["limits.storage_bytes"] == {"from": None, "to": 123456}
    assert limits_at(slug) == {}


def test_nonsense_is_a_fault_of_the_form(sue: Browser, new_agency) -> None:
    slug = new_agency().slug

    answer = sue.submit(page_of(slug), change_form(slug, storage_bytes="-1"))

    assert answer.status_code == 200
    assert limits_at(slug) == {}


def test_who_may_only_look_sees_them(sue: Browser, staff_browser, new_agency) -> None:
    slug = new_agency().slug
    sue.submit(page_of(slug), change_form(slug, storage_bytes="987654"))

    page = staff_browser("view_tenant").get(page_of(slug))

    assert page.status_code == 200
    assert "987654" in page.text.replace(",", "").replace("\xa0", "")
