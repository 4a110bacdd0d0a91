"""Pages of the own account: profile, address, password, data, leaving."""

import re
import secrets

import pytest

from accounts.models import MailLink, User
from tenants.context import tenant_context
from tests.support.accounts.sessions import set_tenant_policy
from tests.support.accounts.users import audit_actions, user_row, user_with_session
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency, Person, add_member
from tests.support.http_client import PASSWORD, Site
from tests.support.mailbox import Mailbox
from tests.support.page_forms import browser_of, send, submit

pytestmark = pytest.mark.usefixtures("fresh_limits")

NEW = "another long secret 77"
PROFILE = {"first_name": "Zoë", "last_name": "", "language": "", "time_zone": ""}


@pytest.fixture
def one(agency: Agency) -> Person:
    return user_with_session(agency, email=f"{secrets.token_hex(6)}@own.test")


@pytest.fixture
def browser(site: Site, agency: Agency, one: Person) -> Browser:
    return browser_of(site, agency, one)


def test_profile_is_changed(agency: Agency, one: Person, browser: Browser):
    done = submit(browser, "/me", {**PROFILE, "time_zone": "America/Sao_Paulo"})

    assert done.headers["location"] == "/me?notice=saved"
    assert "Your changes are saved." in browser.follow(done).text
    row = user_row(agency, one.id)
    assert (row.first_name, row.time_zone) == ("Zoë", "America/Sao_Paulo")
    assert audit_actions(agency, one.id) == ["user.updated"]


def test_language_of_pages_follows_at_once(browser: Browser):
    done = submit(browser, "/me", {**PROFILE, "language": "pt-br"})
    shown = browser.follow(done)
    back = submit(browser, "/me", {**PROFILE, "language": "en"})

    assert '<html lang="pt-br">' in shown.text
    assert "Suas alterações foram salvas." in shown.text
    assert "Your changes are saved." in browser.follow(back).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "xx"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("first_name", "x" * 101),
        ("first_name", "a\u202eb"),
        ("first_name", "a\0b"),
    ],
)
def test_invalid_value_is_said_at_its_field(
    agency: Agency, one: Person, browser: Browser, field: str, value: str
):
    refused = submit(browser, "/me", {**PROFILE, field: value})

    assert refused.status_code == 400
    assert f'id="id_{field}_error"' in refused.text
    assert audit_actions(agency, one.id) == []


def test_profile_changed_since_the_page_is_a_conflict(
    agency: Agency, one: Person, browser: Browser
):
    page = browser.get("/me")
    agency.owner.at.patch(f"/api/users/{one.id}", {"last_name": "Married"})

    refused = send(browser, page, "/me", PROFILE)

    assert refused.status_code == 412
    assert user_row(agency, one.id).last_name == "Married"
    assert send(browser, refused, "/me", PROFILE).status_code == 303


def test_own_address_is_changed_by_a_link(
    agency: Agency, one: Person, browser: Browser, mailbox: Mailbox
):
    new = f"{secrets.token_hex(6)}@own.test"

    done = submit(browser, "/me/email", {"email": new.upper()})

    assert done.headers["location"] == "/me/email?notice=email_mailed"
    assert user_row(agency, one.id).email == one.email
    assert mailbox.wait_for(one.email)
    token = mailbox.wait_for(new).token
    changed = browser.submit(f"/email/change?token={token}", {"token": token})
    assert changed.status_code == 200, changed.text
    assert user_row(agency, one.id).email == new


@pytest.mark.parametrize("email", ["", "x", "own"])
def test_unusable_new_address_is_refused(agency: Agency, one: Person, browser: Browser, email: str):
    refused = submit(browser, "/me/email", {"email": one.email if email == "own" else email})

    assert refused.status_code == 400
    assert 'id="id_email_error"' in refused.text
    with tenant_context(agency.ref):
        assert not MailLink.objects.filter(user_id=one.id).exists()


def test_taken_address_gets_the_same_answer(agency: Agency, browser: Browser):
    done = submit(browser, "/me/email", {"email": agency.owner.email})

    assert done.headers["location"] == "/me/email?notice=email_mailed"


def test_unverified_address_leads_to_its_page(browser: Browser):
    assert 'href="/email/unverified?next=/me"' in browser.get("/me").text


def _token(browser: Browser) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/me").text)
    assert found
    return {"csrfmiddlewaretoken": found[1]}


def test_password_is_changed_and_other_sessions_end(site: Site, agency: Agency):
    member = add_member(agency, f"{secrets.token_hex(6)}@own.test")
    browser = logged_in(site, agency, member)

    wrong = submit(browser, "/me/password", {"current_password": "x" * 12, "password": NEW})
    weak = submit(browser, "/me/password", {"current_password": PASSWORD, "password": "short"})
    done = submit(browser, "/me/password", {"current_password": PASSWORD, "password": NEW})

    assert (wrong.status_code, weak.status_code) == (400, 400)
    assert 'id="id_current_password_error"' in wrong.text
    assert 'id="id_password_error"' in weak.text
    assert NEW not in wrong.text
    assert done.headers["location"] == "/me/password?notice=password"
    assert browser.get("/me").status_code == 200
    assert member.at.get("/api/users/me").status_code == 401
    entered = agency.host.post("/api/auth/login", {"email": member.email, "password": NEW})
    assert entered.status_code == 200


def test_required_second_factor_leads_to_its_page_and_leaves_the_others_open(
    site: Site, agency: Agency, one: Person, browser: Browser
):
    set_tenant_policy(agency, second_factor_roles=["member"])

    refused = send(browser, browser.get("/me"), "/me", PROFILE)

    assert refused.status_code == 303
    assert refused.headers["location"] == "/me/security?next=%2Fme"
    shown = browser.get("/me/security?next=%2Ffiles")
    assert "asks people of your role for a second factor" in shown.text
    assert "/me/security/add?next=%2Ffiles" in shown.text
    for path in ("/me", "/me/password", "/me/sessions", "/me/export", "/me/leave"):
        assert browser.get(path).status_code == 200, path


def test_own_data_is_a_file(agency: Agency, one: Person, browser: Browser):
    sent = submit(browser, "/me/export")

    assert sent.headers["content-disposition"].startswith("attachment;")
    assert sent.json()["profile"]["email"] == one.email
    assert audit_actions(agency, one.id) == ["user.exported"]


@pytest.mark.parametrize("role", ["member", "admin", "owner"])
def test_user_who_is_not_the_last_owner_may_leave(site: Site, agency: Agency, role: str):
    one = user_with_session(agency, role)
    browser = browser_of(site, agency, one)

    done = submit(browser, "/me/leave")

    assert done.headers["location"] == "/login?notice=left"
    assert "You have left this workspace." in browser.follow(done).text
    assert user_row(agency, one.id).removed_at is not None
    assert audit_actions(agency, one.id) == ["user.left"]
    assert one.at.get("/api/users/me").status_code == 401


def test_last_owner_cannot_leave(site: Site, agency: Agency):
    browser = browser_of(site, agency, agency.owner)
    fields = _token(browser)

    refused = browser.post("/me/leave", fields)

    assert "Leave for good" not in browser.get("/me/leave").text
    assert "/me/leave" not in browser.get("/me/export").text
    assert refused.status_code == 409
    with tenant_context(agency.ref):
        assert User.objects.get(pk=agency.owner.id).is_active


@pytest.mark.parametrize("path", ["/me/email", "/me/leave", "/me/security/add"])
def test_old_log_in_leads_to_the_reauthentication(site: Site, agency: Agency, path: str):
    one = user_with_session(agency, proved_days_ago=1)
    browser = browser_of(site, agency, one)

    asked = browser.get(path)
    refused = browser.post(path, _token(browser))

    assert asked.headers["location"] == f"/reauthenticate?next={path.replace('/', '%2F')}"
    assert refused.headers["location"].startswith("/reauthenticate?")
    assert audit_actions(agency, one.id) == []
