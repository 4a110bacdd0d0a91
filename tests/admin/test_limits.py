"""Limits of a tenant in the admin."""

from tenants.models import Tenant
from tests.admin.test_tenants import change_form, page_of, tenants_at
from tests.support.browser import Browser
from tests.support.staff_audit import assert_recorded


def limits_at(slug: str) -> dict[str, int]:
    [tenant] = tenants_at(slug)
    return Tenant.objects.get(pk=tenant.pk).limits


def test_limit_is_set_shown_and_reset(superuser_browser: Browser, new_agency) -> None:
    slug = new_agency().slug

    superuser_browser.submit(
        page_of(slug), change_form(slug, storage_bytes="123456", storage_objects="0")
    )
    stored, page = limits_at(slug), superuser_browser.get(page_of(slug)).text
    event = assert_recorded("tenant.updated", by=superuser_browser.staff)
    superuser_browser.submit(page_of(slug), change_form(slug))

    assert stored == {"storage_bytes": 123456, "storage_objects": 0}
    assert 'name="storage_bytes" value="123456"' in page
    assert event.details["changes"]["limits.storage_bytes"] == {"from": None, "to": 123456}
    assert limits_at(slug) == {}


def test_invalid_limit_is_a_form_error(superuser_browser: Browser, new_agency) -> None:
    slug = new_agency().slug

    answer = superuser_browser.submit(page_of(slug), change_form(slug, storage_bytes="-1"))

    assert answer.status_code == 200
    assert limits_at(slug) == {}


def test_viewer_sees_limits(superuser_browser: Browser, staff_browser, new_agency) -> None:
    slug = new_agency().slug
    superuser_browser.submit(page_of(slug), change_form(slug, storage_bytes="987654"))

    page = staff_browser("view_tenant").get(page_of(slug))

    assert page.status_code == 200
    assert "987654" in page.text.replace(",", "").replace("\xa0", "")
