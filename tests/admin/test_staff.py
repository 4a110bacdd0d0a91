"""Staff and groups in the admin: added, given rights, and kept from taking more."""

import secrets

import pytest
from django.contrib.auth.models import Group, Permission

from staff.models import StaffUser
from tests.support.browser import Browser
from tests.support.http_client import PASSWORD, Site
from tests.support.staff import log_in_to_admin
from tests.support.staff_audit import assert_recorded

LIST, ADD = "/admin/staff/staffuser/", "/admin/staff/staffuser/add/"


def page_of(staff: StaffUser) -> str:
    return f"{LIST}{staff.pk}/change/"


def test_somebody_added_here_can_log_in(site: Site, sue: Browser) -> None:
    email = f"new{secrets.token_hex(4)}@aggios.test"

    answer = sue.submit(ADD, {"email": email.upper(), "password1": PASSWORD, "password2": PASSWORD})

    assert answer.status_code == 302, answer.text
    staff = StaffUser.objects.get(email=email)
    assert staff.password.startswith("argon2p$")
    assert not staff.is_superuser
    assert log_in_to_admin(Browser(site, "admin"), email).status_code == 302
    assert_recorded("staff.created", by=sue.staff, target_id=str(staff.pk))


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "at least 10 characters"),
        ("password123", "too common"),
        ("1" * 300, "at most 256"),
    ],
)
def test_a_weak_password_is_a_fault_of_the_form(sue: Browser, password: str, says: str) -> None:
    email = f"weak{secrets.token_hex(4)}@aggios.test"

    answer = sue.submit(ADD, {"email": email, "password1": password, "password2": password})

    assert answer.status_code == 200
    assert says in answer.text
    assert not StaffUser.objects.filter(email=email).exists()


def test_an_address_is_one_persons_whatever_its_case(sue: Browser, new_staff) -> None:
    email = new_staff().email.upper()

    answer = sue.submit(ADD, {"email": email, "password1": PASSWORD, "password2": PASSWORD})

    assert answer.status_code == 200
    assert "A member of staff has this e-mail address." in answer.text


def test_staff_added_in_one_spelling_is_found_and_taken_in_every_other(sue: Browser) -> None:
    local = f"idn{secrets.token_hex(4)}"
    typed, stored = f"{local}@München.test", f"{local}@xn--mnchen-3ya.test"
    form = {"password1": PASSWORD, "password2": PASSWORD}

    added = sue.submit(ADD, {"email": typed, **form})
    again = sue.submit(ADD, {"email": stored.upper(), **form})

    assert added.status_code == 302
    assert StaffUser.objects.filter(email=stored).exists()
    assert "A member of staff has this e-mail address." in again.text
    assert stored in sue.get(f"{LIST}?q={typed}").text


def test_setting_a_password_for_somebody_is_recorded(site: Site, sue: Browser, new_staff) -> None:
    staff, new = new_staff(), "quite another battery"

    answer = sue.submit(
        f"{LIST}{staff.pk}/password/",
        {"password1": new, "password2": new, "usable_password": "true"},
    )

    assert answer.status_code == 302, answer.text
    assert log_in_to_admin(Browser(site, "admin"), staff.email, new).status_code == 302
    event = assert_recorded("staff.updated", by=sue.staff, target_id=str(staff.pk))
    assert new not in str(event.details)


def test_who_may_change_staff_cannot_take_every_right(staff_browser, new_staff) -> None:
    clerk = staff_browser("view_staffuser", "add_staffuser", "change_staffuser", "change_group")
    everything = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    me, chief = clerk.staff, new_staff(is_superuser=True)
    form = {"email": me.email, "is_active": "on", "first_name": "Cleo"}

    answer = clerk.submit(
        page_of(me), {**form, "is_superuser": "on", "user_permissions": everything}
    )
    others = [
        clerk.get(f"{LIST}{chief.pk}/password/"),
        clerk.get("/admin/auth/group/add/"),
    ]

    assert answer.status_code == 302, answer.text
    me.refresh_from_db()
    assert (me.first_name, me.is_superuser) == ("Cleo", False)
    assert me.user_permissions.count() == 4
    assert {other.status_code for other in others} == {403}
    assert 'name="is_active"' not in clerk.get(page_of(chief)).text


def test_a_deactivated_person_is_out_at_the_next_request(staff_browser, sue: Browser) -> None:
    browser = staff_browser("view_tenant")
    assert browser.get("/admin/tenants/tenant/").status_code == 200

    answer = sue.submit(page_of(browser.staff), {"email": browser.staff.email})

    assert answer.status_code == 302, answer.text
    assert browser.get("/admin/tenants/tenant/").status_code == 302


def test_nobody_deletes_themselves(sue: Browser) -> None:
    assert sue.get(f"{LIST}{sue.staff.pk}/delete/").status_code == 403


def test_the_last_who_may_do_everything_stays(sue: Browser) -> None:
    others = StaffUser.objects.filter(is_superuser=True).exclude(pk=sue.staff.pk)
    demoted = list(others.values_list("pk", flat=True))
    others.update(is_superuser=False)
    try:
        answer = sue.submit(page_of(sue.staff), {"email": sue.staff.email, "is_active": "on"})
    finally:
        StaffUser.objects.filter(pk__in=demoted).update(is_superuser=True)

    assert answer.status_code == 200
    assert "Somebody must remain who may do everything." in answer.text
    sue.staff.refresh_from_db()
    assert sue.staff.is_superuser


def test_a_group_hands_out_rights_and_is_recorded(sue: Browser, staff_browser) -> None:
    name = f"Support {secrets.token_hex(4)}"
    right = Permission.objects.get(codename="view_tenant")
    reader = staff_browser()
    before = reader.get("/admin/tenants/tenant/").status_code

    sue.submit("/admin/auth/group/add/", {"name": name, "permissions": [str(right.pk)]})
    group = Group.objects.get(name=name)
    form = {"email": reader.staff.email, "is_active": "on", "groups": [str(group.pk)]}
    sue.submit(page_of(reader.staff), form)

    assert (before, reader.get("/admin/tenants/tenant/").status_code) == (403, 200)
    assert_recorded("group.created", by=sue.staff, target_label=name)
    event = assert_recorded("staff.updated", by=sue.staff, target_id=str(reader.staff.pk))
    assert "groups" in str(event.details).lower()


def test_a_deleted_person_stays_in_the_trail(sue: Browser, new_staff) -> None:
    staff = new_staff()

    answer = sue.submit(f"{LIST}{staff.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 302
    assert not StaffUser.objects.filter(pk=staff.pk).exists()
    event = assert_recorded("staff.deleted", by=sue.staff, target_id=str(staff.pk))
    assert event.target_label == staff.email


@pytest.mark.parametrize("field", ["password", "change"])
def test_nobody_acts_as_somebody_with_more_rights(staff_browser, new_staff, field: str) -> None:
    clerk = staff_browser("view_staffuser", "change_staffuser")
    operator = new_staff("change_tenant")

    page = clerk.get(f"{LIST}{operator.pk}/{field}/")

    assert page.status_code in {200, 403}
    assert 'name="password1"' not in page.text
    assert 'name="email"' not in page.text
