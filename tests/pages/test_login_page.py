"""The log-in page: refusals, second factor, where it leads, forged forms; reauthentication."""

import re

import pytest

from accounts.models import Session
from tenants.context import tenant_context
from tests.support.accounts.second_factors import enrol_totp
from tests.support.browser import TOKEN, Browser, logged_in
from tests.support.factories import Agency, add_member
from tests.support.http_client import PASSWORD, Site

pytestmark = pytest.mark.usefixtures("fresh_limits")

STEP = re.compile(r'name="step" value="([^"]+)"')
FOREIGN_TARGETS = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/api/users/me",
    "evil.example",
    "/%0d%0aSet-Cookie:x=1\r\nx:y",
    "http:evil",
    " /me",
]


def submit_login(browser: Browser, email: str, password: str = PASSWORD, **fields: str):
    return browser.submit("/login", {"email": email, "password": password, **fields})


def test_unknown_address_and_wrong_password_look_the_same(site: Site, acme: Agency):
    browser = Browser(site, "acme")

    answers = [
        submit_login(browser, acme.owner.email, "not the password"),
        submit_login(browser, "unknown@acme.test", "not the password"),
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    shown = [
        TOKEN.sub("", a.text).replace(acme.owner.email, "X").replace("unknown@acme.test", "X")
        for a in answers
    ]
    assert shown[0] == shown[1]
    assert 'role="alert"' in shown[0]
    assert "not the password" not in shown[0]
    assert not any(c.startswith("aggios=") for c in answers[0].headers.get_list("set-cookie"))


def test_second_factor_is_asked_after_the_password(site: Site, new_agency):
    agency = new_agency()
    factor = enrol_totp(agency.owner)
    browser = Browser(site, agency.slug)

    asked = submit_login(browser, agency.owner.email)
    step = STEP.search(asked.text)
    assert (asked.status_code, bool(step)) == (200, True)
    assert PASSWORD not in asked.text
    wrong = browser.submit("/login", {"step": step[1], "code": "000000"})
    forged = browser.submit("/login", {"step": "1:forged", "code": factor.app.code(1)})
    right = browser.submit(
        "/login", {"step": step[1], "code": factor.app.code(1), "next": "/logout"}
    )

    assert (wrong.status_code, forged.status_code) == (401, 400)
    assert "The code was not accepted." in wrong.text
    assert "password is wrong" not in wrong.text
    assert (right.status_code, right.headers["location"]) == (303, "/logout")
    assert "second_factor" not in right.text


def test_step_of_another_tenant_is_refused(site: Site, acme: Agency, new_agency):
    agency = new_agency()
    factor = enrol_totp(agency.owner)
    asked = submit_login(Browser(site, agency.slug), agency.owner.email)
    step = STEP.search(asked.text)
    assert step

    refused = Browser(site, "acme").submit("/login", {"step": step[1], "code": factor.app.code(1)})

    assert refused.status_code == 400


@pytest.mark.parametrize("target", FOREIGN_TARGETS)
def test_next_leads_only_to_own_pages(site: Site, acme: Agency, target: str):
    done = submit_login(Browser(site, "acme"), acme.owner.email, next=target)

    assert (done.status_code, done.headers["location"]) == (303, "/")


def test_logged_in_user_is_sent_on(site: Site, acme: Agency):
    browser = logged_in(site, acme)

    assert browser.get("/login?next=/logout%3Fa=1").headers["location"] == "/logout?a=1"


def test_forged_log_in_form_is_refused(site: Site, acme: Agency):
    fields = {"email": acme.owner.email, "password": PASSWORD}
    browser = Browser(site, "acme")
    token = TOKEN.search(browser.get("/login").text)
    assert token
    whole = {"csrfmiddlewaretoken": token[1], **fields}

    assert browser.post("/login", fields).status_code == 403
    for headers in (
        {"Origin": f"http://globex.aggios.localhost:{site.port}"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert browser.post("/login", whole, headers=headers).status_code == 403, headers
    assert browser.post("/login", whole).status_code == 303


def test_log_in_changes_the_csrf_token(site: Site, acme: Agency):
    browser = Browser(site, "acme")
    browser.get("/login")
    before = browser.client.cookies["aggios_csrf"]

    submit_login(browser, acme.owner.email)

    assert browser.client.cookies["aggios_csrf"] != before


def test_rate_limit_is_shown_on_the_page(site: Site, acme: Agency):
    member = add_member(acme, "limited-page@acme.test")
    browser = Browser(site, "acme")
    for _ in range(40):
        answer = submit_login(browser, member.email, "wrong password here")
        if answer.status_code == 429:
            break

    assert answer.status_code == 429
    assert "retry-after" in answer.headers
    assert 'role="alert"' in answer.text


def test_reauthentication_renews_the_proof_and_leads_back(site: Site, acme: Agency):
    browser = logged_in(site, acme)
    with tenant_context(acme.ref):
        session = Session.objects.filter(user_id=acme.owner.id).latest("created_at")
        Session.objects.filter(pk=session.pk).update(
            proved_at=session.created_at.replace(year=2020)
        )

    wrong = browser.submit("/reauthenticate", {"password": "wrong"})
    right = browser.submit("/reauthenticate", {"password": PASSWORD, "next": "/logout"})

    assert wrong.status_code == 401
    assert (right.status_code, right.headers["location"]) == (303, "/logout")
    with tenant_context(acme.ref):
        assert Session.objects.get(pk=session.pk).proved_at.year > 2020
