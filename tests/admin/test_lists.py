"""Lists of the admin: CSV exports, links of audit events, long names."""

import csv
import io
import secrets

import pytest
from django.contrib.auth.models import Group

from audit.services import SYSTEM, Target, record
from staff.actors import actor_of
from tenants.models import Tenant
from tests.admin.test_tenants import LIST, page_of, tenants_at, token_of
from tests.support.browser import Browser
from tests.support.staff_audit import last_event

EVENTS = "/admin/audit/auditevent/"


def exported(browser: Browser, path: str, *ids: object) -> list[dict[str, str]]:
    chosen = {"action": "export_csv", "_selected_action": [str(each) for each in ids]}
    answer = browser.post(path, {**chosen, **token_of(browser)})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment;")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_tenants_are_exported_without_formulas(superuser_browser: Browser, new_agency) -> None:
    [tenant] = tenants_at(new_agency().slug)
    Tenant.objects.filter(pk=tenant.pk).update(name='=HYPERLINK("http://evil.test"),"a')

    [row] = exported(superuser_browser, LIST, tenant.pk)

    assert row["name"] == '\'=HYPERLINK("http://evil.test"),"a'
    assert (row["id"], row["subdomain"], row["state"]) == (str(tenant.pk), tenant.slug, "served")


def test_viewer_may_export(staff_browser, new_agency) -> None:
    [tenant] = tenants_at(new_agency().slug)

    [row] = exported(staff_browser("view_tenant"), LIST, tenant.pk)

    assert row["name"] == tenant.name


@pytest.fixture
def event(superuser_browser: Browser, new_agency):
    [tenant] = tenants_at(new_agency().slug)
    target = Target("tenant", str(tenant.pk), tenant.name)
    record("tenant.listed", actor=actor_of(superuser_browser.staff), target=target)
    return last_event("tenant.listed", target_id=str(tenant.pk))


def test_events_are_exported(staff_browser, event) -> None:
    [row] = exported(staff_browser("view_auditevent"), EVENTS, event.pk)

    assert (row["action"], row["target_id"]) == ("tenant.listed", event.target_id)
    assert row["details"] == "{}"


def test_actor_and_target_are_links_for_those_who_may_see_them(
    superuser_browser: Browser, staff_browser, event
) -> None:
    actor, target = (
        f'href="/admin/staff/staffuser/{event.actor_id}/change/"',
        f'href="{LIST}{event.target_id}/change/"',
    )

    seen = superuser_browser.get(EVENTS, params={"q": event.target_id}).text
    hidden = staff_browser("view_auditevent").get(EVENTS, params={"q": event.target_id}).text

    assert (actor in seen, target in seen) == (True, True)
    assert (actor in hidden, target in hidden) == (False, False)
    assert event.target_label in hidden


def test_event_and_tenant_pages_link_actor_and_target(superuser_browser: Browser, event) -> None:
    actor = f'href="/admin/staff/staffuser/{event.actor_id}/change/"'
    target = f'href="{LIST}{event.target_id}/change/"'

    page = superuser_browser.get(f"{EVENTS}{event.pk}/change/").text
    overview = superuser_browser.get(f"{LIST}{event.target_id}/change/").text

    assert (actor in page, target in page) == (True, True)
    assert actor in overview


@pytest.mark.parametrize("key", ["", "0", "-1", "x", "9" * 30, "99999999999", "\u0661"])
def test_group_is_a_link_and_impossible_ids_are_not(superuser_browser: Browser, key: str) -> None:
    group, label = Group.objects.create(name=secrets.token_hex(6)), secrets.token_hex(6)
    for found in (str(group.pk), key):
        record("group.listed", actor=SYSTEM, target=Target("group", found, label))

    page = superuser_browser.get(EVENTS, params={"q": label})

    assert page.status_code == 200
    assert page.text.count(f">{label}</a>") == 1
    assert f'href="/admin/auth/group/{group.pk}/change/"' in page.text
    group.delete()


def test_target_that_is_gone_is_no_link(superuser_browser: Browser) -> None:
    label = secrets.token_hex(6)
    target = Target("tenant", "01890000-0000-7000-8000-000000000000", label)
    record("tenant.listed", actor=actor_of(superuser_browser.staff), target=target)
    record("tenant.listed", actor=actor_of(superuser_browser.staff), target=Target("tenant", "?"))

    page = superuser_browser.get(EVENTS, params={"q": label})

    assert page.status_code == 200
    assert label in page.text
    assert f">{label}</a>" not in page.text


def test_long_and_hostile_name_stays_in_its_cell(superuser_browser: Browser, new_agency) -> None:
    slug = new_agency().slug
    name = "<b>" + "W" * 110 + "</b>"
    Tenant.objects.filter(pk=tenants_at(slug)[0].pk).update(name=name)

    listed = superuser_browser.get(LIST, params={"q": slug}).text
    page = superuser_browser.get(page_of(slug)).text

    for text in (listed, page):
        assert "<b>WWW" not in text
        assert "&lt;b&gt;WWW" in text
