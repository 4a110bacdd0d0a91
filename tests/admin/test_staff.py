"""Staff users and groups in the admin: creation, permissions, and their limits."""

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


def test_added_staff_user_can_log_in(site: Site, superuser_browser: Browser) -> None:
    email = f"new{secrets.token_hex(4)}@aggios.test"

    answer = superuser_browser.submit(
        ADD, {"email": email.upper(), "password1": PASSWORD, "password2": PASSWORD}
    )

    assert answer.status_code == 302, answer.text
    staff = StaffUser.objects.get(email=email)
    assert staff.password.startswith("argon2p$")
    assert not staff.is_superuser
    assert log_in_to_admin(Browser(site, "admin"), email).status_code == 302
    assert_recorded("staff.created", by=superuser_browser.staff, target_id=str(staff.pk))


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "at least 10 characters"),
        ("password123", "too common"),
        ("1" * 300, "at most 256"),
    ],
)
def test_weak_password_is_a_form_error(
    superuser_browser: Browser, password: str, says: str
) -> None:
    email = f"weak{secrets.token_hex(4)}@aggios.test"

    answer = superuser_browser.submit(
        ADD, {"email": email, "password1": password, "password2": password}
    )

    assert answer.status_code == 200
    assert says in answer.text
    assert not StaffUser.objects.filter(email=email).exists()


def test_address_in_other_case_is_taken(superuser_browser: Browser, new_staff) -> None:
    email = new_staff().email.upper()

    answer = superuser_browser.submit(
        ADD, {"email": email, "password1": PASSWORD, "password2": PASSWORD}
    )

    assert answer.status_code == 200
    assert "A member of staff has this e-mail address." in answer.text


def test_address_in_other_spelling_is_found_and_taken(superuser_browser: Browser) -> None:
    local = f"idn{secrets.token_hex(4)}"
    typed, stored = f"{local}@München.test", f"{local}@xn--mnchen-3ya.test"
    form = {"password1": PASSWORD, "password2": PASSWORD}

    added = superuser_browser.submit(ADD, {"email": typed, **form})
    again = superuser_browser.submit(ADD, {"email": stored.upper(), **form})

    assert added.status_code == 302
    assert StaffUser.objects.filter(email=stored).exists()
    assert "A member of staff has this e-mail address." in again.text
    assert stored in superuser_browser.get(f"{LIST}?q={typed}").text


def test_password_set_for_another_user_is_recorded(
    site: Site, superuser_browser: Browser, new_staff
) -> None:
    staff, new = new_staff(), "quite another battery"

    answer = superuser_browser.submit(
        f"{LIST}{staff.pk}/password/",
        {"password1": new, "password2": new, "usable_password": "true"},
    )

    assert answer.status_code == 302, answer.text
    assert log_in_to_admin(Browser(site, "admin"), staff.email, new).status_code == 302
    event = assert_recorded("staff.updated", by=superuser_browser.staff, target_id=str(staff.pk))
    assert new not in str(event.details)


def test_staff_editor_cannot_become_superuser(staff_browser, new_staff) -> None:
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


def test_deactivated_user_is_logged_out_at_once(staff_browser, superuser_browser: Browser) -> None:
    browser = staff_browser("view_tenant")
    assert browser.get("/admin/tenants/tenant/").status_code == 200

    answer = superuser_browser.submit(page_of(browser.staff), {"email": browser.staff.email})

    assert answer.status_code == 302, answer.text
    assert browser.get("/admin/tenants/tenant/").status_code == 302


def test_own_account_cannot_be_deleted(superuser_browser: Browser) -> None:
    assert superuser_browser.get(f"{LIST}{superuser_browser.staff.pk}/delete/").status_code == 403


def test_last_superuser_cannot_be_removed(superuser_browser: Browser) -> None:
    others = StaffUser.objects.filter(is_superuser=True).exclude(pk=superuser_browser.staff.pk)
    demoted = list(others.values_list("pk", flat=True))
    others.update(is_superuser=False)
    try:
        answer = superuser_browser.submit(
            page_of(superuser_browser.staff),
            {"email": superuser_browser.staff.email, "is_active": "on"},
        )
    finally:
        StaffUser.objects.filter(pk__in=demoted).update(is_superuser=True)

    assert answer.status_code == 200
    assert "Somebody must remain who may do everything." in answer.text
    superuser_browser.staff.refresh_from_db()
    assert superuser_browser.staff.is_superuser


def test_group_grants_permissions_and_is_recorded(
    superuser_browser: Browser, staff_browser
) -> None:
    name = f"Support {secrets.token_hex(4)}"
    right = Permission.objects.get(codename="view_tenant")
    reader = staff_browser()
    before = reader.get("/admin/tenants/tenant/").status_code

    superuser_browser.submit(
        "/admin/auth/group/add/", {"name": name, "permissions": [str(right.pk)]}
    )
    group = Group.objects.get(name=name)
    form = {"email": reader.staff.email, "is_active": "on", "groups": [str(group.pk)]}
    superuser_browser.submit(page_of(reader.staff), form)

    assert (before, reader.get("/admin/tenants/tenant/").status_code) == (403, 200)
    assert_recorded("group.created", by=superuser_browser.staff, target_label=name)
    event = assert_recorded(
        "staff.updated", by=superuser_browser.staff, target_id=str(reader.staff.pk)
    )
    assert "groups" in str(event.details).lower()


def test_deleted_user_stays_in_audit_trail(superuser_browser: Browser, new_staff) -> None:
    staff = new_staff()

    answer = superuser_browser.submit(f"{LIST}{staff.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 302
    assert not StaffUser.objects.filter(pk=staff.pk).exists()
    event = assert_recorded("staff.deleted", by=superuser_browser.staff, target_id=str(staff.pk))
    assert event.target_label == staff.email


@pytest.mark.parametrize("field", ["password", "change"])
def test_user_with_more_permissions_cannot_be_changed(staff_browser, new_staff, field: str) -> None:
    clerk = staff_browser("view_staffuser", "change_staffuser")
    operator = new_staff("change_tenant")

    page = clerk.get(f"{LIST}{operator.pk}/{field}/")

    assert page.status_code in {200, 403}
    assert 'name="password1"' not in page.text
    assert 'name="email"' not in page.text
