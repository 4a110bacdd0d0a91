"""Deleting from the admin's list: with days and a typed word, called off; keys changed."""

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


def test_a_deletion_asks_for_the_day_and_a_word(sue: Browser, new_agency) -> None:
    agency = new_agency(company="Quuxworks")

    page = sue.submit(LIST, chosen(agency.slug, DELETE)).text

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
def test_a_slip_deletes_nothing(sue: Browser, new_agency, fields: dict[str, str], says: str):
    agency = new_agency()

    page = schedule(sue, agency.slug, **fields)

    assert (page.status_code, says in page.text) == (200, True)
    assert tenants_at(agency.slug)[0].deletion_due_at is None


def test_it_is_scheduled_and_called_off(sue: Browser, new_agency) -> None:
    agency = new_agency()

    answer = schedule(sue, agency.slug, typed=f" {agency.slug.upper()} ")
    [tenant] = tenants_at(agency.slug)
    between = statuses(agency)
    listed = sue.get(LIST, params={"q": agency.slug, "state": "scheduled"}).text
    sue.submit(LIST, chosen(agency.slug, "call_off_deletion", confirm="yes"))

    assert "1 workspace was changed." in sue.follow(answer).text
    assert tenant.deletion_due_at - tenant.deletion_requested_at == timedelta(days=7)
    assert tenant.export_before_deletion is False  # the box was not ticked
    assert between == {403}
    assert "will be deleted on" in listed
    assert statuses(agency) == {200}
    assert_recorded("tenant.deletion_scheduled", by=sue.staff, target_id=str(tenant.id))
    assert_recorded("tenant.deletion_called_off", by=sue.staff, target_id=str(tenant.id))


def test_one_is_deleted_at_a_time(sue: Browser, new_agency) -> None:
    one, other = new_agency(), new_agency()
    form = chosen(one.slug, DELETE, confirm="yes", days="1", typed=one.slug)
    both = [str(tenants_at(agency.slug)[0].id) for agency in (one, other)]

    page = sue.follow(sue.submit(LIST, {**form, "_selected_action": both}))

    assert "Choose one workspace at a time" in page.text
    assert not Tenant.objects.filter(pk__in=both, deletion_due_at__isnull=False).exists()


def test_only_who_may_delete_can_schedule_it(staff_browser, new_agency) -> None:
    agency, changer = new_agency(), staff_browser("view_tenant", "change_tenant")
    form = chosen(agency.slug, DELETE, confirm="yes", days="1", typed=agency.slug)

    page = changer.get(LIST).text
    changer.post(LIST, {**form, **token_of(changer)})

    assert f'value="{DELETE}"' not in page
    assert 'value="call_off_deletion"' in page
    assert tenants_at(agency.slug)[0].deletion_due_at is None


def test_who_may_delete_can(staff_browser, new_agency) -> None:
    agency, deleter = new_agency(), staff_browser("view_tenant", "delete_tenant")

    schedule(deleter, agency.slug)

    assert tenants_at(agency.slug)[0].deletion_due_at is not None


def test_a_new_key_ends_every_token(sue: Browser, new_agency) -> None:
    agency = new_agency()

    asked = sue.submit(LIST, chosen(agency.slug, "rotate_key"))
    between = statuses(agency, 2)
    sue.submit(LIST, chosen(agency.slug, "rotate_key", confirm="yes"))

    assert "will have to log in again" in asked.text
    assert between == {200}
    assert statuses(agency) == {401}
    assert_recorded("tenant.key_rotated", by=sue.staff)


def test_the_pages_speak_portuguese(site, staff_browser, new_staff, new_agency) -> None:
    agency, browser = new_agency(), staff_browser(is_superuser=True)
    browser.client.headers["Accept-Language"] = "pt-BR"

    page = browser.submit(LIST, chosen(agency.slug, DELETE)).text

    assert f"Digite {agency.slug} para confirmar" in page
    assert "Dias até a exclusão definitiva" in page
