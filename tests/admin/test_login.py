"""Log-in to the admin: successes, failures, and what they reveal."""

import secrets
from datetime import timedelta
from functools import cache

import pytest
from django.contrib.auth import authenticate
from django.contrib.sessions.models import Session
from django.utils import timezone

from staff import backends
from staff.models import StaffUser
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.hash_work import WORK, CountingHashPool
from tests.support.http_client import PASSWORD, Site
from tests.support.staff import log_in_to_admin
from tests.support.staff_audit import assert_recorded, last_event


def test_log_in_with_address_in_any_case_succeeds(site: Site, new_staff) -> None:
    staff = new_staff()
    browser = Browser(site, "admin")

    answer = log_in_to_admin(browser, staff.email.upper())

    assert (answer.status_code, answer.headers["location"]) == (302, "/admin/")
    assert browser.get("/admin/").status_code == 200
    assert_recorded("staff.logged_in", by=staff)


def test_log_in_form_is_translated(site: Site) -> None:
    page = Browser(site, "admin", language="pt-BR").get("/admin/login/")

    assert ">E-mail:</label>" in page.text
    assert ">Senha:</label>" in page.text
    assert ">Código de uso único:</label>" in page.text


def test_cookies_are_host_only_and_http_only(site: Site, new_staff) -> None:
    browser = Browser(site, "admin")

    page = browser.get("/admin/login/")
    answer = log_in_to_admin(browser, new_staff().email)

    cookies = [*page.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    assert {c.partition("=")[0] for c in cookies} >= {"aggios_staff", "aggios_csrf"}
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "domain=" not in cookie.lower()


def test_login_failures_are_indistinguishable(site: Site, new_staff) -> None:
    staff, gone = new_staff(), new_staff()
    StaffUser.objects.filter(pk=gone.pk).update(is_active=False)
    attempts = [
        (staff.email, "wrong horse"),
        ("nobody@aggios.test", PASSWORD),
        (gone.email, PASSWORD),
    ]

    answers = [log_in_to_admin(Browser(site, "admin"), *attempt) for attempt in attempts]

    assert {answer.status_code for answer in answers} == {200}
    notes = {a.text.split('class="errornote">')[1].split("</p>")[0] for a in answers}
    assert len(notes) == 1
    assert not any("aggios_staff" in a.headers.get("set-cookie", "") for a in answers)
    assert last_event("staff.login_refused", target_label=gone.email).actor_type == "anonymous"


def test_unknown_address_costs_the_same_hashing(
    new_staff, counted: CountingHashPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing has its own threads, so its work is counted: the time of this thread has no hash."""
    monkeypatch.setattr(backends, "_unknown_hash", cache(backends._unknown_hash.__wrapped__))
    staff = new_staff()

    def work(email: str) -> int:
        counted.work = 0
        assert authenticate(None, username=email, password="wrong horse") is None
        return counted.work

    work("nobody@aggios.test")  # creates the hash for unknown addresses

    assert work(staff.email) == work("nobody@aggios.test") == WORK


def test_sixth_attempt_within_a_minute_is_refused(site: Site, new_staff) -> None:
    staff = new_staff()
    browser = Browser(site, "admin")

    first = [log_in_to_admin(browser, staff.email, "wrong horse").status_code for _ in range(5)]
    page = log_in_to_admin(browser, staff.email)
    data = log_in_as_program(browser, staff.email)

    assert first == [200] * 5
    assert (page.status_code, data.status_code) == (429, 429)
    assert 0 < int(page.headers["retry-after"]) <= 60
    assert '"login_account";r=0' in page.headers["ratelimit"]
    assert page.headers["content-type"].startswith("text/html")
    assert data.json()["code"] == "rate_limited"
    assert browser.get("/admin/").status_code == 302
    assert log_in_to_admin(browser, new_staff().email).status_code == 302


def log_in_as_program(browser: Browser, email: str):
    """Send the form like a script, without asking for HTML."""
    form = {"username": email, "password": PASSWORD}
    return browser.submit("/admin/login/", form, headers={"Accept": "application/json"})


def test_successful_log_in_clears_failures(site: Site, new_staff) -> None:
    staff = new_staff()

    for _ in range(2):
        browser = Browser(site, "admin")
        for _ in range(3):
            log_in_to_admin(browser, staff.email, "wrong horse")
        assert log_in_to_admin(browser, staff.email).status_code == 302


def test_form_without_csrf_token_is_a_page(site: Site, new_staff) -> None:
    browser = Browser(site, "admin")
    form = {"username": new_staff().email, "password": PASSWORD}

    page = browser.post("/admin/login/", form)
    data = browser.post("/admin/login/", form, headers={"Accept": "*/*"})

    assert (page.status_code, data.status_code) == (403, 403)
    assert "This form has expired" in page.text
    assert data.json()["code"] == "form_expired"


def test_form_from_another_site_is_refused(site: Site, new_staff) -> None:
    form = {"username": new_staff().email, "password": PASSWORD}

    answer = Browser(site, "admin").submit(
        "/admin/login/", form, headers={"Origin": "http://evil.example"}
    )

    assert answer.status_code == 403


@pytest.mark.parametrize("label", ["", "www", "api", "dash", "acme", "nobody"])
@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin"])
def test_admin_on_other_host_is_not_found(site: Site, acme: Agency, label: str, path: str) -> None:
    assert Browser(site, label).get(path).status_code == 404


def test_token_of_tenant_user_is_refused(site: Site, acme: Agency) -> None:
    answer = site.host("admin").with_token(acme.owner.access_token).get("/admin/tenants/tenant/")

    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/admin/login/")


def test_changed_password_ends_other_sessions(staff_browser, new_staff) -> None:
    staff = new_staff()
    here, there = staff_browser(staff=staff), staff_browser(staff=staff)
    new = "quite another battery"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}

    answer = here.submit("/admin/password_change/", form)

    assert answer.status_code == 302
    assert here.get("/admin/").status_code == 200
    assert there.get("/admin/").status_code == 302
    assert_recorded("staff.password_changed", by=staff, target_id=str(staff.pk))


def test_admin_without_redis_works(site: Site, stores, new_staff) -> None:
    staff = new_staff()
    browser = Browser(site, "admin")
    stores.stop("valkey")
    try:
        entered = log_in_to_admin(browser, staff.email)
        page = browser.get("/admin/")
    finally:
        stores.start_ready("valkey")

    assert entered.status_code == 302
    assert page.status_code == 200
    assert browser.get("/admin/").status_code == 200


def test_log_in_prunes_expired_sessions(site: Site, new_staff) -> None:
    old, active = secrets.token_hex(16), secrets.token_hex(16)
    for key, days in ((old, -1), (active, 1)):
        ends = timezone.now() + timedelta(days=days)
        Session.objects.create(session_key=key, expire_date=ends)

    log_in_to_admin(Browser(site, "admin"), new_staff().email)

    left = set(Session.objects.values_list("pk", flat=True))
    Session.objects.filter(pk=active).delete()
    assert old not in left
    assert active in left
