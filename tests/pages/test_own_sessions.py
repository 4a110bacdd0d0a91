"""The page of the own sessions and devices."""

import pytest

from accounts.models import Session
from pages.me.user_agents import device_of
from tenants.context import tenant_context
from tests.support.accounts.sessions import open_another_session, session_id
from tests.support.accounts.users import user_with_session
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.page_forms import browser_of, hidden_fields

pytestmark = pytest.mark.usefixtures("fresh_limits")

SESSIONS = "/me/sessions"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 "
PIXEL = "Mozilla/5.0 (Linux; Android 16; Pixel 9) "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) "
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return browser_of(site, agency, agency.owner)


def active(agency: Agency) -> set[str]:
    with tenant_context(agency.ref):
        rows = Session.objects.filter(user_id=agency.owner.id, ended_at=None)
        return {str(pk) for pk in rows.values_list("pk", flat=True)}


def test_sessions_are_named_and_the_current_one_is_marked(agency: Agency, browser: Browser):
    open_another_session(agency, agent=f"{IPHONE}Version/18.0 Mobile/15E148 Safari/604.1")

    page = browser.get(SESSIONS).text

    assert "Safari on iPhone" in page
    assert page.count("this browser") == 1
    assert page.count(f'action="{SESSIONS}/') == 2  # one other session, and all others


def test_one_session_is_ended(agency: Agency, browser: Browser):
    other = session_id(open_another_session(agency)["access_token"])

    done = browser.post(f"{SESSIONS}/{other}/end", hidden_fields(browser.get(SESSIONS).text))

    assert done.headers["location"] == f"{SESSIONS}?notice=session_ended"
    assert active(agency) == {session_id(agency.owner.access_token)}
    assert "ended from another device" in browser.get(SESSIONS).text


def test_all_other_sessions_are_ended(agency: Agency, browser: Browser):
    for _ in range(3):
        open_another_session(agency)

    done = browser.post(f"{SESSIONS}/end-others", hidden_fields(browser.get(SESSIONS).text))

    assert done.headers["location"] == f"{SESSIONS}?notice=others_ended"
    assert active(agency) == {session_id(agency.owner.access_token)}
    assert "Log out everywhere else" not in browser.get(SESSIONS).text


def test_current_session_that_is_ended_is_a_log_out(agency: Agency, browser: Browser):
    current = session_id(agency.owner.access_token)

    done = browser.post(f"{SESSIONS}/{current}/end", hidden_fields(browser.get(SESSIONS).text))

    assert done.headers["location"] == "/login?ended=logout"
    assert done.headers["clear-site-data"] == '"cache"'
    assert active(agency) == set()
    assert browser.get(SESSIONS).headers["location"].startswith("/login")


def test_session_of_another_user_is_not_found(agency: Agency, browser: Browser):
    other = user_with_session(agency)
    theirs = session_id(other.access_token)

    refused = browser.post(f"{SESSIONS}/{theirs}/end", hidden_fields(browser.get(SESSIONS).text))

    assert refused.status_code == 404
    assert other.at.get("/api/users/me").status_code == 200


def test_get_of_an_action_ends_nothing(agency: Agency, browser: Browser):
    current = session_id(agency.owner.access_token)

    for path in (f"{SESSIONS}/end-others", f"{SESSIONS}/{current}/end"):
        assert browser.get(path).headers["location"] == SESSIONS
    assert current in active(agency)


@pytest.mark.parametrize(
    ("agent", "title"),
    [
        ("", "Unknown device"),
        (f"{WINDOWS}Chrome/143.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS}Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0", "Edge on Windows"),
        (f"{WINDOWS}Chrome/143.0.0.0 Safari/537.36 OPR/120.0.0.0", "Opera on Windows"),
        (f"{IPHONE}CriOS/143.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (f"{IPHONE}Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{LINUX}Firefox/145.0", "Firefox on Linux"),
        (f"{PIXEL}Chrome/143.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"{MAC}Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("curl/8.14.1", "curl"),
        ("python-httpx/0.28.1", "Python"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("<img src=x> Firefox/1 ${7*7} Windows", "Firefox on Windows"),
        ("\u202eFirefox/" + "A" * 100_000, "Firefox"),
        ("x" * 400 + "Firefox/", "Unknown device"),
    ],
)
def test_device_is_named_by_known_words_only(agent: str, title: str):
    assert device_of(agent).title == title
