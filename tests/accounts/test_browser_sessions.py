"""The session of a browser: its cookie, where it counts, how it rotates and ends."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from accounts.models import Session
from accounts.sessions.browser import _refresh_token, cookie_value
from accounts.sessions.services import NewSession, hash_token, refresh_token
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.browser import TOKEN, Browser, csrf_header, logged_in
from tests.support.factories import Agency, Person, add_member
from tests.support.http_client import PASSWORD, Site

pytestmark = pytest.mark.usefixtures("fresh_limits")

COOKIE = "aggios"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
ME = "/api/users/me"


@pytest.fixture
def browser(site: Site, acme: Agency) -> Browser:
    return logged_in(site, acme)


def cookie_of(browser: Browser) -> str:
    value = [each.value for each in browser.client.cookies.jar if each.name == COOKIE][-1]
    assert value
    return value


def session_of(browser: Browser, agency: Agency) -> Session:
    current = browser.get("/api/auth/sessions", headers=SAME_ORIGIN).json()["results"]
    [row] = [each for each in current if each["current"]]
    with tenant_context(agency.ref):
        return Session.objects.get(pk=row["id"])


def age(agency: Agency, session: Session, *, by: timedelta) -> str:
    """Make a session's last rotation older, and return its cookie of that time."""
    with tenant_context(agency.ref):
        session.rotated_at = (session.rotated_at - by).replace(microsecond=0)
        token = refresh_token(session)
        session.token_hash = hash_token(token)
        session.save()
        return cookie_value(NewSession(session, session.user, token))


def refresh_token_of(browser: Browser, agency: Agency) -> str:
    with tenant_context(agency.ref):
        return _refresh_token(cookie_of(browser))


def with_cookie(site: Site, agency: Agency, value: str) -> Browser:
    browser = Browser(site, agency.slug)
    browser.client.cookies.set(COOKIE, value)
    return browser


def test_log_in_sets_a_protected_cookie_and_opens_a_session(site: Site, acme: Agency):
    browser = Browser(site, "acme")

    done = browser.submit("/login", {"email": acme.owner.email, "password": PASSWORD})

    assert (done.status_code, done.headers["location"]) == (303, "/")
    [cookie] = [c for c in done.headers.get_list("set-cookie") if c.startswith(f"{COOKIE}=")]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", "max-age=604800"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)
    session = session_of(browser, acme)
    with tenant_context(acme.ref):
        started = AuditEvent.objects.get(action="session.started", target_id=str(session.id))
    assert started.actor_id == acme.owner.id


def test_cookie_counts_only_for_requests_of_the_same_origin(acme: Agency, browser: Browser):
    assert browser.get(ME, headers=SAME_ORIGIN).json()["email"] == acme.owner.email

    for sent in ({}, *({"Sec-Fetch-Site": s} for s in ("same-site", "cross-site", "none", "x"))):
        answer = browser.get(ME, headers={"Accept": "*/*", **sent})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated"), sent


def test_change_with_the_cookie_needs_the_csrf_token(acme: Agency, browser: Browser):
    headers = csrf_header(browser)

    def rename(**sent: str) -> int:
        body = {"first_name": "Ada", "last_name": "Byron"}
        return browser.client.put(ME, json=body, headers=sent).status_code

    assert rename(**headers) == 200
    assert rename(**SAME_ORIGIN, Origin=headers["Origin"]) == 403
    assert rename(**{**headers, "X-CSRFToken": "0" * 64}) == 403
    assert rename(**{**headers, "Origin": "http://globex.aggios.localhost"}) == 403
    assert rename(**{**headers, "Sec-Fetch-Site": "same-site"}) == 401


def test_cookie_of_another_tenant_is_no_log_in(
    site: Site, acme: Agency, globex: Agency, browser: Browser
):
    foreign = with_cookie(site, globex, cookie_of(browser))

    assert foreign.get(ME, headers=SAME_ORIGIN).status_code == 401
    refused = foreign.get("/reauthenticate")
    assert refused.headers["location"].startswith("/login?next=%2Freauthenticate")
    general = with_cookie(site, acme, cookie_of(browser))
    general.client.headers["Host"] = f"{site.host('api').name}:{site.port}"
    assert general.get(ME, headers=SAME_ORIGIN).status_code == 401


def test_cookie_and_tokens_cannot_replace_each_other(site: Site, acme: Agency, browser: Browser):
    cookie = cookie_of(browser)

    assert acme.host.with_token(cookie).get(ME).status_code == 401
    refused = acme.host.post("/api/auth/refresh", {"refresh_token": cookie})
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
    for token in (acme.owner.access_token, acme.owner.refresh_token, "", "1:x", "é", "x" * 5000):
        other = with_cookie(site, acme, token) if token.isascii() else Browser(site, "acme")
        assert other.get(ME, headers=SAME_ORIGIN).status_code == 401


@pytest.mark.parametrize("path", ["/api/auth/sessions/{session}", "/api/auth/logout-all"])
def test_session_ended_by_the_api_is_ended_in_the_browser(site: Site, acme: Agency, path: str):
    member = add_member(acme, f"browser-{abs(hash(path))}@acme.test")
    browser = logged_in(site, acme, member)
    session = session_of(browser, acme)
    end: Callable = member.at.delete if "{session}" in path else member.at.post

    assert end(path.format(session=session.id)).status_code == 204

    assert browser.get(ME, headers=SAME_ORIGIN).status_code == 401
    sent = browser.get("/reauthenticate")
    assert "ended=" in sent.headers["location"]
    page = browser.get(sent.headers["location"])
    assert page.status_code == 200
    assert 'role="status"' in page.text


def test_old_cookie_is_exchanged_and_its_copy_ends_the_session(site: Site, acme: Agency):
    browser = logged_in(site, acme)
    session = session_of(browser, acme)
    old = age(acme, session, by=timedelta(hours=2))

    first = with_cookie(site, acme, old)
    assert first.get(ME, headers=SAME_ORIGIN).status_code == 200
    again = with_cookie(site, acme, old)
    assert again.get(ME, headers=SAME_ORIGIN).status_code == 200

    assert refresh_token_of(first, acme) == refresh_token_of(again, acme)
    with tenant_context(acme.ref):
        moment = timezone.now() - timedelta(minutes=6)
        Session.objects.filter(pk=session.pk).update(rotated_at=moment)
    stolen = with_cookie(site, acme, old)
    assert stolen.get(ME, headers=SAME_ORIGIN).status_code == 401
    assert first.get(ME, headers=SAME_ORIGIN).status_code == 401
    with tenant_context(acme.ref):
        assert Session.objects.get(pk=session.pk).end_reason == "reuse_detected"


def test_tabs_with_an_old_cookie_all_continue(site: Site, acme: Agency):
    session = session_of(logged_in(site, acme), acme)
    old = age(acme, session, by=timedelta(hours=2))
    tabs = [with_cookie(site, acme, old) for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda tab: tab.get(ME, headers=SAME_ORIGIN).status_code, tabs))

    assert answers == [200] * 8
    assert len({refresh_token_of(tab, acme) for tab in tabs}) == 1
    with tenant_context(acme.ref):
        assert Session.objects.get(pk=session.pk).generation == session.generation + 1


def test_slow_form_leaves_an_old_cookie_to_the_other_tabs(site: Site, acme: Agency):
    session = session_of(logged_in(site, acme), acme)
    old = age(acme, session, by=timedelta(hours=2))

    sent = send_file(site, acme, old)

    assert (sent.status_code, sent.headers["location"]) == (303, "/files?notice=uploaded")
    assert not any(c.startswith(f"{COOKIE}=") for c in sent.headers.get_list("set-cookie"))
    assert generation(acme, session) == session.generation
    tab = with_cookie(site, acme, old)
    assert tab.get(ME, headers=SAME_ORIGIN).status_code == 200
    assert generation(acme, session) == session.generation + 1
    with tenant_context(acme.ref):
        moment = timezone.now() - timedelta(minutes=6)
        Session.objects.filter(pk=session.pk).update(rotated_at=moment)
    stolen = send_file(site, acme, old)
    assert stolen.headers["location"] == "/login?next=%2Ffiles%2Fupload&ended=reuse_detected"
    assert tab.get(ME, headers=SAME_ORIGIN).status_code == 401


def send_file(site: Site, agency: Agency, cookie: str) -> httpx.Response:
    """Send the form of a page with a file, and this cookie."""
    browser = Browser(site, agency.slug)
    found = TOKEN.search(browser.get("/login").text)
    assert found
    browser.client.cookies.set(COOKIE, cookie)
    file = {"file": ("slow.txt", b"slow")}
    return browser.post("/files/upload", {"csrfmiddlewaretoken": found[1]}, files=file)


def generation(agency: Agency, session: Session) -> int:
    with tenant_context(agency.ref):
        return int(Session.objects.get(pk=session.pk).generation)


def test_log_in_ends_the_session_that_the_browser_had(site: Site, acme: Agency):
    member = add_member(acme, "second-log-in@acme.test")
    browser = logged_in(site, acme)
    session, former = session_of(browser, acme), cookie_of(browser)
    found = TOKEN.search(browser.get("/logout").text)
    assert found

    fields = {"email": member.email, "password": PASSWORD, "csrfmiddlewaretoken": found[1]}
    assert browser.post("/login", fields).status_code == 303

    assert browser.get(ME, headers=SAME_ORIGIN).json()["email"] == member.email
    assert with_cookie(site, acme, former).get(ME, headers=SAME_ORIGIN).status_code == 401
    with tenant_context(acme.ref):
        ended = AuditEvent.objects.get(action="session.ended", target_id=str(session.pk))
    assert ended.actor_id == acme.owner.id


def test_logout_needs_a_form_and_ends_the_session(acme: Agency, browser: Browser):
    session = session_of(browser, acme)
    assert browser.get("/logout").status_code == 200
    with tenant_context(acme.ref):
        assert Session.objects.get(pk=session.pk).ended_at is None

    done = browser.submit("/logout", {})

    assert done.headers["location"] == "/login?ended=logout"
    assert done.headers["clear-site-data"] == '"cache"'
    assert browser.get(ME, headers=SAME_ORIGIN).status_code == 401
    with tenant_context(acme.ref):
        assert Session.objects.get(pk=session.pk).end_reason == "logout"
        ended = AuditEvent.objects.get(action="session.ended", target_id=str(session.pk))
    assert ended.actor_id == acme.owner.id


def test_member_of_a_closed_role_sees_nothing_more(site: Site, acme: Agency):
    person: Person = add_member(acme, "deactivated@acme.test")
    browser = logged_in(site, acme, person)
    assert acme.owner.at.patch(f"/api/users/{person.id}", {"is_active": False}).status_code == 200

    assert browser.get(ME, headers=SAME_ORIGIN).status_code == 401
    refused = browser.submit("/login", {"email": person.email, "password": PASSWORD})
    assert refused.status_code == 401
