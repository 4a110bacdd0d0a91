"""The second factor of staff in the admin: enrolment, log-in, loss."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from audit.services import SYSTEM
from core.problems import InvalidCredentials
from staff.models import StaffAuthenticator, StaffRecoveryCode, StaffUser
from staff.tokens import issue_token
from tests.support.accounts.second_factors import AuthenticatorApp
from tests.support.browser import Browser
from tests.support.http_client import PASSWORD, Site
from tests.support.staff import log_in_to_admin
from tests.support.staff_audit import assert_recorded, last_event

PAGE = "/admin/second-factor/"
SECRET = re.compile(r"<code>([A-Z2-7]{32})</code>")
CODES = re.compile(r"<code>([0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4})</code>")


def add_factor(browser: Browser) -> tuple[AuthenticatorApp, list[str]]:
    """Add a factor on its page; return the app and the recovery codes."""
    begun = browser.submit(PAGE, {"verb": "begin"})
    app = AuthenticatorApp(SECRET.search(browser.follow(begun).text)[1])
    done = browser.submit(PAGE, {"verb": "confirm", "code": app.code(-1)})
    assert done.status_code == 200
    return app, CODES.findall(done.text)


def log_in_with(browser: Browser, email: str, code: str):
    """Send the log-in form with a code."""
    form = {"username": email, "password": PASSWORD, "code": code}
    return browser.submit("/admin/login/", form)


def test_factor_is_added_on_its_page(staff_browser, new_staff) -> None:
    staff = new_staff()
    here, there = staff_browser(staff=staff), staff_browser(staff=staff)
    begun = here.follow(here.submit(PAGE, {"verb": "begin"}))
    app = AuthenticatorApp(SECRET.search(begun.text)[1])

    wrong = here.submit(PAGE, {"verb": "confirm", "code": "000000"})
    done = here.submit(PAGE, {"verb": "confirm", "code": app.code()})

    assert "<svg" in begun.text
    assert "style=" not in begun.text.split("<svg")[1].split("</svg>")[0]
    assert "This code is wrong" in wrong.text
    assert len(set(CODES.findall(done.text))) == 10
    assert not CODES.findall(here.get(PAGE).text)
    assert here.get("/admin/").status_code == 200
    assert there.get("/admin/").status_code == 302, "logged in with the password alone"
    assert_recorded("staff.factor_added", by=staff)
    row = StaffAuthenticator.objects.get(staff=staff)
    assert app.secret not in row.sealed_secret


def test_password_without_code_is_refused(site: Site, staff_browser, new_staff) -> None:
    staff = new_staff()
    app, recovery_codes = add_factor(staff_browser(staff=staff))
    browser = Browser(site, "admin")
    wrong = StaffUser(email="nobody@aggios.test")

    alone = log_in_to_admin(browser, staff.email)
    guessed = log_in_with(browser, staff.email, "000000")
    other = log_in_with(browser, wrong.email, "000000")
    whole = log_in_with(browser, staff.email, app.code())
    again = log_in_with(Browser(site, "admin"), staff.email, app.code())
    printed = log_in_with(Browser(site, "admin"), staff.email, recovery_codes[0].upper())
    reused = log_in_with(Browser(site, "admin"), staff.email, recovery_codes[0])

    assert "Enter the code that your app shows" in alone.text
    notes = [a.text.split('class="errornote">')[1].split("</p>")[0] for a in (guessed, other)]
    assert notes[0] == notes[1]
    assert [a.status_code for a in (whole, again, printed, reused)] == [302, 200, 302, 200]
    event = last_event("staff.login_refused", target_id=str(staff.pk))
    assert event.details == {"at": "second_factor"}
    assert last_event("staff.recovery_code_used", actor_id=str(staff.pk)).details == {"left": 9}


def test_factor_is_not_revealed_without_password(site: Site, staff_browser, new_staff) -> None:
    plain, staff = new_staff(), new_staff()
    add_factor(staff_browser(staff=staff))

    answers = [
        log_in_to_admin(Browser(site, "admin"), s.email, "wrong horse") for s in (plain, staff)
    ]

    pages = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert pages[0] == pages[1]


def test_new_recovery_codes_replace_old_ones(site: Site, staff_browser, new_staff) -> None:
    staff = new_staff()
    browser = staff_browser(staff=staff)
    app, old = add_factor(browser)

    unproved = browser.submit(PAGE, {"verb": "renew", "code": "zzzz-zzzz-zzzz"})
    done = browser.submit(PAGE, {"verb": "renew", "code": app.code()})

    assert not CODES.findall(unproved.text)
    new = CODES.findall(done.text)
    assert not set(new) & set(old)
    assert log_in_with(Browser(site, "admin"), staff.email, old[1]).status_code == 200
    assert log_in_with(Browser(site, "admin"), staff.email, new[1]).status_code == 302
    assert_recorded("staff.recovery_codes_renewed", by=staff)


def test_removal_requires_a_code(staff_browser, new_staff, site: Site) -> None:
    staff = new_staff()
    browser = staff_browser(staff=staff)
    app, _ = add_factor(browser)

    browser.submit(PAGE, {"verb": "remove", "code": "000000"})
    kept = StaffUser.objects.get(pk=staff.pk).second_factor_at
    browser.submit(PAGE, {"verb": "remove", "code": app.code()})

    assert kept is not None
    assert StaffUser.objects.get(pk=staff.pk).second_factor_at is None
    assert not StaffRecoveryCode.objects.filter(staff=staff).exists()
    assert browser.get("/admin/").status_code == 200
    assert log_in_to_admin(Browser(site, "admin"), staff.email).status_code == 302
    assert assert_recorded("staff.factor_removed", by=staff).details == {"why": "removed"}


def reset(browser: Browser, *staff: StaffUser):
    """Run the action in the list of staff users."""
    form = {"action": "reset_second_factor", "_selected_action": [str(s.pk) for s in staff]}
    return browser.submit("/admin/staff/staffuser/", form)


def test_superuser_resets_factor_of_another_user(staff_browser, new_staff, site: Site) -> None:
    lost, able = new_staff(), new_staff(is_superuser=True)
    add_factor(staff_browser(staff=lost))
    browser = staff_browser(staff=able)
    add_factor(browser)

    answer = reset(browser, lost, able)

    assert answer.status_code == 302
    assert StaffUser.objects.get(pk=lost.pk).second_factor_at is None
    assert StaffUser.objects.get(pk=able.pk).second_factor_at is not None, "one's own takes a code"
    assert_recorded("staff.factor_removed", by=able, target_id=str(lost.pk))


def test_user_without_permission_cannot_reset_factors(staff_browser, new_staff) -> None:
    lost = new_staff()
    add_factor(staff_browser(staff=lost))
    browser = staff_browser("view_staffuser", "change_staffuser")

    page = browser.get("/admin/staff/staffuser/")
    reset(browser, lost)

    assert "reset_second_factor" not in page.text
    assert StaffUser.objects.get(pk=lost.pk).second_factor_at is not None


def test_command_resets_factor(staff_browser, new_staff) -> None:
    lost = new_staff()
    add_factor(staff_browser(staff=lost))

    call_command("reset_staff_factor", lost.email.upper())

    assert StaffUser.objects.get(pk=lost.pk).second_factor_at is None
    event = last_event("staff.factor_removed", target_id=str(lost.pk))
    assert (event.actor_type, event.details) == ("system", {"why": "reset"})


def test_factor_pages_are_translated(site: Site, new_staff) -> None:
    staff = new_staff()
    browser = Browser(site, "admin", language="pt-BR")

    assert "Código de uso único" in browser.get("/admin/login/").text
    log_in_to_admin(browser, staff.email)
    assert "Adicionar um segundo fator" in browser.get(PAGE).text


@pytest.fixture
def strict(committed: None, settings) -> Client:
    """A client of this process, with the production setting: staff need a second factor."""
    settings.STAFF_SECOND_FACTOR = "required"
    return Client(headers={"Host": f"admin.{settings.BASE_DOMAIN}"})


def test_required_factor_opens_only_its_page(strict: Client, new_staff) -> None:
    staff = new_staff(is_superuser=True)
    form = {"username": staff.email, "password": PASSWORD}
    paths = ["/admin/", "/admin/staff/staffuser/", "/admin/password_change/", "/admin/tenants/"]

    entered = strict.post("/admin/login/", form)
    answers = [strict.get(path) for path in paths]
    page = strict.get(PAGE)

    assert entered.status_code == 302
    assert {(a.status_code, a.headers["location"]) for a in answers} == {(302, PAGE)}
    assert "nothing else is open to you" in page.content.decode()
    assert "/admin/staff/staffuser/" not in page.content.decode()


def test_required_factor_opens_everything_once_added(strict: Client, new_staff) -> None:
    staff = new_staff(is_superuser=True)
    strict.post("/admin/login/", {"username": staff.email, "password": PASSWORD})

    strict.post(PAGE, {"verb": "begin"})
    app = AuthenticatorApp(SECRET.search(strict.get(PAGE).content.decode())[1])
    strict.post(PAGE, {"verb": "confirm", "code": app.code(-1)})
    opened = strict.get("/admin/staff/staffuser/").status_code
    strict.post(PAGE, {"verb": "remove", "code": app.code()})

    assert opened == 200
    assert strict.get("/admin/staff/staffuser/").status_code == 302


def test_api_requires_the_factor(strict: Client, new_staff) -> None:
    staff = new_staff(is_superuser=True)
    program = issue_token(staff, lifetime=timedelta(hours=1), actor=SYSTEM, name="ci").text
    earlier = issue_token(staff, lifetime=timedelta(hours=1), actor=SYSTEM).text
    body = {"email": staff.email, "password": PASSWORD}

    refused = strict.post("/api/auth/login", body, content_type="application/json")
    codes = {
        token: strict.get("/api/tenants", headers={"Authorization": f"Bearer {token}"}).status_code
        for token in (program, earlier)
    }

    assert (refused.status_code, refused.json()["code"]) == (403, "staff_second_factor_missing")
    assert codes == {program: 200, earlier: 403}


def test_previous_secret_key_does_not_revive_sessions_from_before_factor(settings) -> None:
    staff = StaffUser(password="x")
    before = staff.get_session_auth_hash()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    staff.second_factor_at = timezone.now()

    assert before not in staff.get_session_auth_fallback_hash()
    assert staff.get_session_auth_hash() in staff.get_session_auth_fallback_hash()


def test_token_requested_before_factor_is_refused(new_staff) -> None:
    staff = new_staff()
    StaffUser.objects.filter(pk=staff.pk).update(second_factor_at=timezone.now())

    with pytest.raises(InvalidCredentials):
        issue_token(staff, lifetime=timedelta(hours=1), actor=SYSTEM)
