"""The ready roles of staff: what each may see and do."""

import io
import json
import secrets

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from staff.roles import ROLES
from tests.admin.test_tenants import ADD, LIST, page_of
from tests.support.browser import Browser
from tests.support.staff import log_in_to_admin
from tests.support.staff_audit import last_event

AUDIT, STAFF = "/admin/audit/auditevent/", "/admin/staff/staffuser/"
RUNS = "/admin/tenants/fleetrun/"
OPEN = {
    "support": {LIST, AUDIT},
    "billing": {LIST},
    "operator": {LIST, ADD, AUDIT, RUNS},
    "security": {LIST, AUDIT, STAFF},
}
ACTIONS = {
    "support": set(),
    "billing": {"suspend", "rotate_key"},
    "operator": {"suspend", "rotate_key", "schedule_deletion"},
    "security": {"suspend", "rotate_key"},
}


def create(*arguments: str) -> dict[str, str]:
    out = io.StringIO()
    call_command("create_staff_roles", *arguments, "--json", stdout=out)
    found: dict[str, str] = json.loads(out.getvalue())
    return found


@pytest.fixture
def roles(committed):
    create("--reset")
    yield
    Group.objects.filter(name__in=ROLES).delete()


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("role", sorted(ROLES))
def test_role_opens_its_pages_and_no_others(staff_browser, new_agency, role: str) -> None:
    slug = new_agency().slug
    browser: Browser = staff_browser()
    browser.staff.groups.add(Group.objects.get(name=role))

    answers = {path: browser.get(path).status_code for path in (LIST, ADD, AUDIT, STAFF, RUNS)}
    home, page = browser.get("/admin/").text, browser.get(page_of(slug)).text

    assert {path for path, status in answers.items() if status == 200} == OPEN[role]
    assert set(answers.values()) <= {200, 403}
    assert "Workspaces by state" in home
    assert {name for name in ACTIONS["operator"] if f'value="{name}"' in page} == ACTIONS[role]


def test_existing_role_keeps_its_permissions_without_reset(committed) -> None:
    create("--reset")
    group = Group.objects.get(name="support")
    group.permissions.clear()

    kept, count = create(), group.permissions.count()
    reset = create("--reset")

    assert (kept["support"], count) == ("unchanged", 0)
    assert (reset["support"], reset["billing"]) == ("reset", "unchanged")
    assert group.permissions.count() == len(ROLES["support"])
    assert last_event("group.updated", target_id=str(group.pk)).details["permissions"]
    Group.objects.filter(name__in=ROLES).delete()


def test_new_staff_user_gets_role(site, committed) -> None:
    email, out = f"r{secrets.token_hex(5)}@aggios.test", io.StringIO()
    call_command(
        "create_staff", email, "--role", "billing", "--generate-password", "--json", stdout=out
    )
    made = json.loads(out.getvalue())
    browser = Browser(site, "admin")
    log_in_to_admin(browser, email, made["password"])

    assert browser.get(LIST).status_code == 200
    assert browser.get(AUDIT).status_code == 403
    assert last_event("staff.role_assigned", target_id=made["id"]).details == {"role": "billing"}
    Group.objects.filter(name__in=ROLES).delete()
