"""The ticket that logs an owner in after sign-up: once, soon, in its tenant, from the apex only."""

import json
import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from accounts.auth.login_tickets import LIFETIME_SECONDS, PADDING, PURPOSE, create_login_ticket
from accounts.encryption import decrypt, encrypt
from accounts.models import Session, User
from audit.models import AuditEvent
from devstack.testing import TestStack
from tenants.context import ref_of, tenant_context
from tenants.queries import tenant_by_slug
from tests.support.accounts.second_factors import enrol_totp
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site
from tests.support.mail.outbox import update_user_row

pytestmark = pytest.mark.usefixtures("fresh_limits")

COOKIE = "aggios_ticket"
TICKET = re.compile(r'name="ticket" value="([^"]+)"')
TO_LOGIN = "/login?notice=ticket"


def sign_up(site: Site) -> tuple[str, Browser, Any]:
    """Sign up with the form and return the slug, the browser at the apex and the redirect."""
    slug, browser = f"t{secrets.token_hex(6)}", Browser(site)
    fields = {
        "company": "Initech",
        "subdomain": slug,
        "first_name": "Olga",
        "last_name": "",
        "email": f"olga@{slug}.test",
        "password": PASSWORD,
    }
    answer = browser.submit("/signup", fields)
    assert answer.status_code == 302, answer.text
    return slug, browser, answer


def send(site: Site, slug: str, ticket: str, origin: str | None = "", **kwargs: Any):
    """Send a ticket as the page on the apex does, or with another ``Origin``."""
    browser = Browser(site, slug)
    sent = f"http://{site.host().name}:{site.port}" if origin == "" else origin
    headers = {} if sent is None else {"Origin": sent}
    answer = browser.client.post("/login/ticket", data={"ticket": ticket}, headers=headers)
    return browser, answer


def ticket_of(agency: Agency, **changes: Any) -> str:
    """Return a ticket for the agency's owner; ``age`` in seconds moves its time back."""
    with tenant_context(agency.ref):
        ticket = create_login_ticket(User.objects.get(pk=agency.owner.id))
        facts = json.loads(decrypt(PURPOSE, ticket + PADDING * (-len(ticket[2:]) % 4)))
        facts[3] = int(time.time()) - changes.get("age", 0)
        return encrypt(changes.get("purpose", PURPOSE), json.dumps(facts)).rstrip(PADDING)


def is_logged_in(browser: Browser) -> bool:
    answer = browser.get("/api/users/me", headers={"Sec-Fetch-Site": "same-origin"})
    return answer.status_code == 200


def active_sessions(agency: Agency) -> int:
    with tenant_context(agency.ref):
        return Session.objects.filter(ended_at=None).count()


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency()


def test_owner_is_logged_in_after_sign_up(site: Site):
    slug, apex, answer = sign_up(site)
    page = apex.follow(answer)
    ticket = TICKET.search(page.text)
    assert ticket

    browser, done = send(site, slug, ticket[1])

    assert (done.status_code, done.headers["location"]) == (303, "/?notice=opened")
    assert "Your workspace is ready." in browser.follow(done).text
    with tenant_context(ref_of(tenant_by_slug(slug))):
        [session] = Session.objects.filter(ended_at=None)
        started = AuditEvent.objects.get(action="session.started", target_id=str(session.id))
    assert started.actor_label == f"olga@{slug}.test"
    assert started.details["by"] == "ticket"


def test_ticket_is_kept_out_of_urls_and_scripts(site: Site):
    slug, apex, answer = sign_up(site)
    [cookie] = [c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE)]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    value = cookie.partition(";")[0].partition("=")[2]

    page = apex.follow(answer)

    assert {"httponly", "samesite=strict", "path=/", f"max-age={LIFETIME_SECONDS}"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)
    assert value.startswith(f"{slug}~")
    assert value.partition("~")[2] not in answer.headers["location"]
    assert "no-store" in page.headers["cache-control"]
    # With same-origin, the default, browsers send a form to another origin with "Origin: null".
    assert page.headers["referrer-policy"] == "strict-origin"
    address = f"http://{slug}.{site.host().name}:{site.port}"
    assert f"form-action 'self' {address}" in page.headers["content-security-policy"]
    assert f'action="{address}/login/ticket"' in page.text
    assert 'type="submit"' in page.text


def test_ticket_is_in_no_log(site: Site, stores: TestStack):
    slug, apex, answer = sign_up(site)
    found = TICKET.search(apex.follow(answer).text)
    assert found
    send(site, slug, found[1])
    send(site, "", found[1])
    Browser(site, slug).client.put("/login/ticket", data={"ticket": found[1]})

    written = [path.read_text("utf-8", "replace") for path in stores.home.logs.iterdir()]

    assert any("/login/ticket" in text for text in written)
    assert not any(found[1][:40] in text for text in written)


def test_done_page_without_the_cookie_leads_to_the_log_in(site: Site):
    slug, _, answer = sign_up(site)
    other = Browser(site)

    page = other.get(answer.headers["location"])

    assert TICKET.search(page.text) is None
    assert f"http://{slug}.aggios.localhost:{site.port}/login" in page.text


def test_used_ticket_leads_to_the_log_in(site: Site, agency: Agency):
    ticket = ticket_of(agency)
    before = active_sessions(agency)

    answers = [send(site, agency.slug, ticket)[1] for _ in range(3)]

    assert [a.headers["location"] for a in answers] == ["/?notice=opened", TO_LOGIN, TO_LOGIN]
    assert active_sessions(agency) == before + 1
    page = Browser(site, agency.slug).get(TO_LOGIN)
    assert "Log in with the e-mail address and the password that you have chosen." in page.text


def test_concurrent_uses_of_a_ticket_open_one_session(site: Site, agency: Agency):
    ticket = ticket_of(agency)
    before = active_sessions(agency)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: send(site, agency.slug, ticket), range(8)))

    assert sorted(is_logged_in(browser) for browser, _ in found) == [False] * 7 + [True]
    assert active_sessions(agency) == before + 1


@pytest.mark.parametrize(
    "changes",
    [
        {"age": LIFETIME_SECONDS + 1},
        {"age": -60},
        {"purpose": "login-step"},
        {"purpose": "browser-session"},
    ],
)
def test_expired_and_forged_tickets_open_no_session(site: Site, agency: Agency, changes: dict):
    before = active_sessions(agency)

    browser, answer = send(site, agency.slug, ticket_of(agency, **changes))

    assert (answer.status_code, answer.headers["location"]) == (303, TO_LOGIN)
    assert not is_logged_in(browser)
    assert active_sessions(agency) == before


@pytest.mark.parametrize("ticket", ["", "x", "1:x", "9:gAAAA", "é", "1:" + "A" * 5000, "1:\x00"])
def test_malformed_ticket_opens_no_session(site: Site, acme: Agency, ticket: str):
    browser, answer = send(site, "acme", ticket)

    assert (answer.status_code, answer.headers["location"]) == (303, TO_LOGIN)
    assert not is_logged_in(browser)


def test_ticket_of_another_tenant_opens_no_session(site: Site, agency: Agency, globex: Agency):
    ticket = ticket_of(agency)

    browser, answer = send(site, "globex", ticket)

    assert answer.headers["location"] == TO_LOGIN
    assert not is_logged_in(browser)
    # It is not used up: the other tenant cannot take the log-in away.
    assert send(site, agency.slug, ticket)[1].headers["location"] == "/?notice=opened"


def test_ticket_from_another_origin_is_refused(site: Site, agency: Agency):
    ticket = ticket_of(agency)
    before = active_sessions(agency)
    name, port = site.host().name, site.port
    origins = [
        None,
        "null",
        f"http://evil.{name}:{port}",
        f"http://dash.{name}:{port}",
        f"http://{agency.slug}.{name}:{port}",
        f"https://{name}:{port}",
        f"http://{name}",
        f"http://{name}:{port}.evil.example",
        f"http://{name}:{port}/",
        "https://evil.example",
    ]

    answers = [send(site, agency.slug, ticket, origin)[1] for origin in origins]

    assert [answer.status_code for answer in answers] == [403] * len(origins)
    assert all("form_expired" in answer.text for answer in answers)
    assert active_sessions(agency) == before
    for origin in (f"http://www.{name}:{port}", f"http://localhost:{port}"):
        assert send(site, agency.slug, ticket_of(agency), origin)[1].status_code == 303


@pytest.mark.parametrize("change", ["password", "second_factor", "inactive", "address"])
def test_ticket_of_a_changed_user_opens_no_session(site: Site, agency: Agency, change: str):
    ticket = ticket_of(agency)
    if change == "second_factor":
        enrol_totp(agency.owner)
    elif change == "password":
        body = {"current_password": PASSWORD, "password": "another long passphrase"}
        assert agency.owner.at.post("/api/auth/password/change", body).status_code == 204
    elif change == "inactive":
        update_user_row(agency, agency.owner.email, is_active=False)
    else:
        update_user_row(agency, agency.owner.email, email=f"new@{agency.slug}.test")
    before = active_sessions(agency)

    browser, answer = send(site, agency.slug, ticket)

    assert answer.headers["location"] == TO_LOGIN
    assert not is_logged_in(browser)
    assert active_sessions(agency) == before


def test_opening_the_address_of_the_ticket_leads_to_the_log_in(site: Site, acme: Agency):
    answer = Browser(site, "acme").get("/login/ticket")

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_ticket_without_redis_leads_to_the_log_in(site: Site, agency: Agency, stores: TestStack):
    ticket = ticket_of(agency)
    stores.stop("valkey")
    try:
        browser, answer = send(site, agency.slug, ticket)
        slug, apex, signed_up = sign_up(site)
        page = apex.follow(signed_up)
    finally:
        stores.start_ready("valkey")

    assert (answer.status_code, answer.headers["location"]) == (303, TO_LOGIN)
    assert not is_logged_in(browser)
    assert page.status_code == 200
    assert slug in page.text
