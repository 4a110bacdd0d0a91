"""Deletion from the list of tenants: days, typed word, cancellation; key rotation."""

from datetime import timedelta

import pytest

from tenants.models import Tenant
from tests.admin.test_suspension import chosen, statuses
from tests.admin.test_tenants import LIST, tenants_at, token_of
from tests.support.browser import Browser
from tests.support.staff_audit import assert_recorded

DELETE = "schedule_deletion"


def schedule(browser: Browser, slug: str, **fields: str):
    form = {"confirm": "yes", "days": "7", "typed": slug, **fields}
    return browser.submit(LIST, chosen(slug, DELETE, **form))


def test_deletion_asks_for_day_and_word(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency(company="Quuxworks")

    page = superuser_browser.submit(LIST, chosen(agency.slug, DELETE)).text

    assert "Quuxworks" in page
    assert f"Type {agency.slug} to confirm" in page
    assert 'name="days" value="30"' in page
    assert 'type="checkbox" name="export"' in page
    assert statuses(agency, 1) == {200}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"typed": "acme"}, "This is not the word that was asked for."),
        ({"typed": ""}, "This field is required."),
        ({"days": "366"}, "less than or equal to 365"),
        ({"days": "-1"}, "greater than or equal to 0"),
        ({"days": "x"}, "Enter a whole number."),
    ],
)
def test_mistyped_confirmation_deletes_nothing(
    superuser_browser: Browser, new_agency, fields: dict[str, str], says: str
):
    agency = new_agency()

    page = schedule(superuser_browser, agency.slug, **fields)

    assert (page.status_code, says in page.text) == (200, True)
    assert tenants_at(agency.slug)[0].deletion_due_at is None


def test_deletion_is_scheduled_and_cancelled(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency()

    answer = schedule(superuser_browser, agency.slug, typed=f" {agency.slug.upper()} ")
    [tenant] = tenants_at(agency.slug)
    between = statuses(agency)
    listed = superuser_browser.get(LIST, params={"q": agency.slug, "state": "scheduled"}).text
    superuser_browser.submit(LIST, chosen(agency.slug, "call_off_deletion", confirm="yes"))

    assert "1 workspace was changed." in superuser_browser.follow(answer).text
    assert tenant.deletion_due_at - tenant.deletion_requested_at == timedelta(days=7)
    assert tenant.export_before_deletion is False  # the box was not ticked
    assert between == {403}
    assert "will be deleted on" in listed
    assert statuses(agency) == {200}
    assert_recorded(
        "tenant.deletion_scheduled", by=superuser_browser.staff, target_id=str(tenant.id)
    )
    assert_recorded(
        "tenant.deletion_called_off", by=superuser_browser.staff, target_id=str(tenant.id)
    )


def test_several_tenants_cannot_be_deleted_together(superuser_browser: Browser, new_agency) -> None:
    one, other = new_agency(), new_agency()
    form = chosen(one.slug, DELETE, confirm="yes", days="1", typed=one.slug)
    both = [str(tenants_at(agency.slug)[0].id) for agency in (one, other)]

    page = superuser_browser.follow(
        superuser_browser.submit(LIST, {**form, "_selected_action": both})
    )

    assert "Choose one workspace at a time" in page.text
    assert not Tenant.objects.filter(pk__in=both, deletion_due_at__isnull=False).exists()


def test_deletion_without_permission_is_refused(staff_browser, new_agency) -> None:
    agency, changer = new_agency(), staff_browser("view_tenant", "change_tenant")
    form = chosen(agency.slug, DELETE, confirm="yes", days="1", typed=agency.slug)

    page = changer.get(LIST).text
    changer.post(LIST, {**form, **token_of(changer)})

    assert f'value="{DELETE}"' not in page
    assert 'value="call_off_deletion"' in page
    assert tenants_at(agency.slug)[0].deletion_due_at is None


def test_deletion_with_permission_is_scheduled(staff_browser, new_agency) -> None:
    agency, deleter = new_agency(), staff_browser("view_tenant", "delete_tenant")

    schedule(deleter, agency.slug)

    assert tenants_at(agency.slug)[0].deletion_due_at is not None


def test_new_key_ends_all_tokens(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency()

    asked = superuser_browser.submit(LIST, chosen(agency.slug, "rotate_key"))
    between = statuses(agency, 2)
    superuser_browser.submit(LIST, chosen(agency.slug, "rotate_key", confirm="yes"))

    assert "will have to log in again" in asked.text
    assert between == {200}
    assert statuses(agency) == {401}
    assert_recorded("tenant.key_rotated", by=superuser_browser.staff)


def test_deletion_pages_are_translated(site, staff_browser, new_staff, new_agency) -> None:
    agency, browser = new_agency(), staff_browser(is_superuser=True)
    browser.client.headers["Accept-Language"] = "pt-BR"

    page = browser.submit(LIST, chosen(agency.slug, DELETE)).text

    assert f"Digite {agency.slug} para confirmar" in page
    assert "Dias até a exclusão definitiva" in page
