"""Limits of a tenant in the admin."""

import pytest

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
        page_of(slug), change_form(slug, storage_bytes="500 MB", storage_objects="0")
    )
    stored, page = limits_at(slug), superuser_browser.get(page_of(slug)).text
    event = assert_recorded("tenant.updated", by=superuser_browser.staff)
    superuser_browser.submit(page_of(slug), change_form(slug))

    assert stored == {"storage_bytes": 500 * 1000**2, "storage_objects": 0}
    assert 'name="storage_bytes" value="500 MB"' in page
    assert "Blank is the default: 1 TiB. 0 is no limit." in page
    assert event.details["changes"]["limits.storage_bytes"] == {"from": None, "to": 500 * 1000**2}
    assert limits_at(slug) == {}


@pytest.mark.parametrize(
    ("typed", "stored", "shown"),
    [
        ("2 GB", 2 * 1000**3, "2 GB"),
        ("2gib", 2 * 1024**3, "2 GiB"),
        ("1.5 GiB", 1536 * 1024**2, "1536 MiB"),
        ("123457", 123457, "123457 bytes"),
    ],
)
def test_form_that_is_sent_again_changes_no_limit(
    superuser_browser: Browser, new_agency, typed: str, stored: int, shown: str
) -> None:
    slug = new_agency().slug

    superuser_browser.submit(page_of(slug), change_form(slug, file_max_bytes=typed))
    page = superuser_browser.get(page_of(slug)).text
    superuser_browser.submit(page_of(slug), change_form(slug, file_max_bytes=shown))

    assert f'name="file_max_bytes" value="{shown}"' in page
    assert limits_at(slug) == {"file_max_bytes": stored}


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("storage_bytes", "-1", "Storage: give a size such as"),
        ("storage_bytes", "5 G", "Storage: give a size such as"),
        ("storage_bytes", "9223372036854775808", "Storage: give at most"),
        ("file_max_bytes", "much", "Largest file: give a size such as"),
        ("file_max_bytes", "1" * 1000, "Largest file: give a size such as"),
        ("storage_objects", "1 GB", "Number of objects: give a whole number"),
        ("storage_objects", "-1", "Number of objects: give a whole number"),
    ],
)
def test_invalid_limit_is_a_form_error_that_names_its_field(
    superuser_browser: Browser, new_agency, field: str, typed: str, says: str
) -> None:
    slug = new_agency().slug

    answer = superuser_browser.submit(page_of(slug), change_form(slug, **{field: typed}))

    assert answer.status_code == 200
    assert says in answer.text
    assert limits_at(slug) == {}


def test_viewer_sees_limits_with_units(
    superuser_browser: Browser, staff_browser, new_agency
) -> None:
    slug = new_agency().slug
    superuser_browser.submit(page_of(slug), change_form(slug, storage_bytes="3 GiB"))

    page = staff_browser("view_tenant").get(page_of(slug))

    assert page.status_code == 200
    assert "3 GiB" in page.text
    assert "default: no limit" in page.text
