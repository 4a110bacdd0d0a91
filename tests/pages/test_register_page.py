"""Registration in a workspace that is open to anyone."""

from collections.abc import Callable

import pytest

from accounts.models import Session, User
from tenants.context import tenant_context
from tests.support.accounts.users import random_email
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site
from tests.support.mail.outbox import audit_events, configure_tenant
from tests.support.mailbox import Mailbox
from tests.support.pages.responses import comparable

pytestmark = pytest.mark.usefixtures("fresh_limits")

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def open_agency(new_agency: Callable[..., Agency]) -> Agency:
    agency = new_agency()
    configure_tenant(agency)
    return agency


@pytest.fixture
def verifying_agency(new_agency: Callable[..., Agency]) -> Agency:
    """An open agency that requires verified addresses."""
    agency = new_agency()
    configure_tenant(agency, email_verification="required")
    return agency


def form(email: str, **fields: str) -> dict[str, str]:
    return {"email": email, "first_name": "Nia", "last_name": "", "password": PASSWORD, **fields}


def path_of(link: str) -> str:
    return "/" + link.partition("//")[2].partition("/")[2]


def user_count(agency: Agency) -> int:
    with tenant_context(agency.ref):
        return User.objects.count()


def test_registration_logs_the_browser_in(site: Site, open_agency: Agency):
    email, browser = random_email(), Browser(site, open_agency.slug)
    assert 'href="/register"' in browser.get("/login").text
    assert 'href="/register"' in browser.get("/").text

    done = browser.submit("/register", form(email))

    assert (done.status_code, done.headers["location"]) == (303, "/?notice=joined")
    assert "Hello, Nia" in browser.follow(done).text
    me = browser.get("/api/users/me", headers=SAME_ORIGIN).json()
    assert (me["email"], me["role"]) == (email, "member")
    [registered] = [
        e for e in audit_events(open_agency, "user.registered") if e.actor_label == email
    ]
    assert registered.actor_id == me["id"]


def test_closed_workspace_has_no_registration(site: Site, acme: Agency):
    browser = Browser(site, "acme")

    page = browser.get("/register")
    sent = browser.submit("/login", {})  # for a CSRF cookie
    answer = browser.post(
        "/register",
        {"csrfmiddlewaretoken": browser.client.cookies["aggios_csrf"], **form(random_email())},
    )

    assert (page.status_code, sent.status_code, answer.status_code) == (403, 400, 403)
    assert "by invitation only" in page.text
    for path in ("/login", "/"):
        assert 'href="/register"' not in browser.get(path).text


def test_confirmed_registration_logs_the_browser_in(
    site: Site, verifying_agency: Agency, mailbox: Mailbox
):
    email, browser = random_email(), Browser(site, verifying_agency.slug)
    before = user_count(verifying_agency)

    asked = browser.submit("/register", form(email))
    assert asked.status_code == 200
    assert "Look into your mailbox" in asked.text
    assert user_count(verifying_agency) == before
    mail = mailbox.wait_for(email, subject="Confirm your registration")
    fields = {"token": mail.token, "password": "another long passphrase"}
    done = browser.submit(path_of(mail.link), fields)

    assert (done.status_code, done.headers["location"]) == (303, "/?notice=joined")
    assert "Hello, Nia" in browser.follow(done).text
    with tenant_context(verifying_agency.ref):
        nia = User.objects.get(email=email)
        assert nia.email_verified_at is not None
        assert Session.objects.filter(user=nia, ended_at=None).count() == 1
    again = Browser(site, verifying_agency.slug).submit(path_of(mail.link), fields)
    assert again.status_code == 400


def test_known_and_unknown_addresses_look_the_same(site: Site, verifying_agency: Agency):
    people = [verifying_agency.owner.email, random_email()]

    answers = [
        Browser(site, verifying_agency.slug).submit("/register", form(email)) for email in people
    ]

    assert comparable(answers[0], people[0]) == comparable(answers[1], people[1])
    assert answers[0].status_code == 200
    assert user_count(verifying_agency) == 1


def test_log_in_page_says_what_to_do_after_a_registration(site: Site, verifying_agency: Agency):
    shown = []
    for email in (verifying_agency.owner.email, random_email()):
        fields = {"email": email, "password": "not the password"}
        answer = Browser(site, verifying_agency.slug).submit("/login", fields)
        shown.append(comparable(answer, email))

    assert shown[0] == shown[1]
    assert "first open the link that was mailed to you" in shown[0][1]


def test_taken_address_is_named(site: Site, open_agency: Agency):
    answer = Browser(site, open_agency.slug).submit("/register", form(open_agency.owner.email))

    assert answer.status_code == 409
    assert user_count(open_agency) == 1


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_errors_are_shown_at_their_fields(site: Site, open_agency: Agency, language: str):
    browser = Browser(site, open_agency.slug, language=language)

    answer = browser.submit("/register", form("no address", password="short"))

    assert answer.status_code == 400
    assert {"en": "valid e-mail", "pt-BR": "e-mail válido"}[language] in answer.text
    assert 'value="short"' not in answer.text
    assert user_count(open_agency) == 1


def test_invitation_and_role_in_the_form_are_ignored(site: Site, open_agency: Agency):
    email, browser = random_email(), Browser(site, open_agency.slug)

    browser.submit("/register", form(email, role="owner", invitation="x", token="x", is_active=""))

    me = browser.get("/api/users/me", headers=SAME_ORIGIN).json()
    assert (me["email"], me["role"]) == (email, "member")


def test_forged_form_registers_no_user(site: Site, open_agency: Agency):
    fields = form(random_email())
    browser = Browser(site, open_agency.slug)

    assert browser.post("/register", fields).status_code == 403
    refused = browser.submit("/register", fields, headers={"Sec-Fetch-Site": "same-site"})
    assert refused.status_code == 403
    assert user_count(open_agency) == 1


def test_logged_in_user_is_sent_home(site: Site, open_agency: Agency):
    answer = logged_in(site, open_agency).get("/register")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
