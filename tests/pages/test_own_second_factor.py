"""Pages of the own second factor: enrolment, recovery codes, removal."""

import re
from html import unescape
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from accounts.models import Authenticator, RecoveryCode
from tenants.context import tenant_context
from tests.support.accounts.second_factors import AuthenticatorApp, post_login
from tests.support.accounts.users import audit_actions, user_row
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.page_forms import browser_of, hidden_fields, send, submit

pytestmark = pytest.mark.usefixtures("fresh_limits")

ADD, FACTOR = "/me/security/add", "/me/security"
SECRET = re.compile(r'id="secret" value="([^"]+)"')
CODES = re.compile(r'<pre class="codes"[^>]*>(.*?)</pre>', re.S)
SVG = re.compile(r"<svg[^>]*class=\"segno\".*?</svg>", re.S)


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return browser_of(site, agency, agency.owner)


def begin(browser: Browser, path: str = ADD) -> AuthenticatorApp:
    begun = submit(browser, path, {"start": "1"})
    assert begun.status_code == 303, begun.text
    secret = SECRET.search(browser.follow(begun).text)
    assert secret
    return AuthenticatorApp(secret[1].replace(" ", ""))


def enrol(browser: Browser) -> list[str]:
    app = begin(browser)
    done = submit(browser, ADD, {"code": app.code(-1)})
    assert done.status_code == 200, done.text
    return codes_on(done.text)


def codes_on(page: str) -> list[str]:
    found = CODES.search(page)
    assert found
    return found[1].split()


def test_enrolment_goes_from_the_secret_to_recovery_codes(agency: Agency, browser: Browser):
    app = begin(browser)
    page = browser.get(ADD)
    assert user_row(agency, agency.owner.id).second_factor_at is None

    done = send(browser, page, ADD, {"code": app.code(-1)})

    codes = codes_on(done.text)
    assert len(codes) == 10
    assert "no-store" in done.headers["cache-control"]
    download = re.search(r'href="data:text/plain;charset=utf-8,([^"]+)"', done.text)
    assert download
    assert set(codes) <= set(unquote(unescape(download[1])).split())
    assert user_row(agency, agency.owner.id).second_factor_at is not None
    assert post_login(agency, agency.owner).json()["code"] == "second_factor_required"
    assert post_login(agency, agency.owner, code=app.code()).status_code == 200
    assert post_login(agency, agency.owner, code=codes[0]).status_code == 200


def test_qr_code_needs_no_style_and_has_a_name(browser: Browser):
    begin(browser)

    svg = SVG.search(browser.get(ADD).text)

    assert svg
    assert "style" not in svg[0]
    drawn = ET.fromstring(svg[0])
    assert [part.text for part in drawn.iter() if part.tag.endswith("title")] == [
        "QR code for your app"
    ]


def test_wrong_code_shows_the_same_secret_again(agency: Agency, browser: Browser):
    app = begin(browser)

    wrong = submit(browser, ADD, {"code": "000000"})

    assert wrong.status_code == 400
    assert 'id="id_code_error"' in wrong.text
    shown = SECRET.search(wrong.text)
    assert shown
    assert shown[1].replace(" ", "") == app.secret
    assert user_row(agency, agency.owner.id).second_factor_at is None


def test_code_of_a_secret_that_was_replaced_since_is_a_conflict(browser: Browser):
    app = begin(browser)
    page = browser.get(ADD)
    submit(browser, ADD, {"start": "1"})

    refused = send(browser, page, ADD, {"code": app.code(-1)})

    assert refused.status_code == 412


def test_many_wrong_codes_are_limited(browser: Browser):
    begin(browser)
    page = browser.get(ADD)
    for _ in range(20):
        answer = send(browser, page, ADD, {"code": "000000"})
        if answer.status_code == 429:
            break

    assert answer.status_code == 429
    assert 'role="alert"' in answer.text


def test_enrolment_of_another_browser_ends_and_its_code_is_void(
    site: Site, agency: Agency, browser: Browser
):
    other = logged_in(site, agency)

    enrol(browser)

    assert other.get("/me").headers["location"].startswith("/login")


def test_second_enrolment_leads_back(agency: Agency, browser: Browser):
    page = browser.get(ADD)
    enrol(browser)

    assert browser.get(ADD).headers["location"] == f"{FACTOR}?notice=factor_exists"
    again = send(browser, page, ADD, {"start": "1"})
    assert again.headers["location"] == f"{FACTOR}?notice=factor_exists"
    with tenant_context(agency.ref):
        assert Authenticator.objects.filter(user_id=agency.owner.id).count() == 1


def test_recovery_codes_are_renewed_and_shown_once(agency: Agency, browser: Browser):
    former = enrol(browser)

    renewed = submit(browser, f"{FACTOR}/codes")

    codes = codes_on(renewed.text)
    assert set(codes) & set(former) == set()
    assert not any(code in browser.get(FACTOR).text for code in codes)
    assert post_login(agency, agency.owner, code=former[0]).status_code == 401
    assert post_login(agency, agency.owner, code=codes[0]).status_code == 200
    assert "9 left" in browser.get(FACTOR).text


def test_second_factor_is_removed(agency: Agency, browser: Browser):
    enrol(browser)

    done = submit(browser, f"{FACTOR}/remove")

    assert done.headers["location"] == f"{FACTOR}?notice=factor_removed"
    assert user_row(agency, agency.owner.id).second_factor_at is None
    with tenant_context(agency.ref):
        assert not RecoveryCode.objects.filter(user_id=agency.owner.id).exists()
    assert post_login(agency, agency.owner).status_code == 200


def test_nothing_to_remove_or_renew_is_a_page(browser: Browser):
    assert browser.get(f"{FACTOR}/remove").status_code == 404
    assert browser.get(f"{FACTOR}/codes").status_code == 409
    token = hidden_fields(browser.get(FACTOR).text)
    assert browser.post(f"{FACTOR}/codes", token).status_code == 409


def test_way_back_survives_the_enrolment(browser: Browser):
    app = begin(browser, f"{ADD}?next=%2Ffiles")
    page = browser.get(f"{ADD}?next=%2Ffiles")

    done = send(browser, page, ADD, {"code": app.code(-1)})

    assert 'class="button" href="/files"' in done.text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_way_back_leads_only_to_own_pages(browser: Browser, target: str):
    app = begin(browser)
    page = browser.get(ADD)

    done = send(browser, page, ADD, {"code": app.code(-1), "next": target})

    assert f'class="button" href="{FACTOR}"' in done.text
    assert "evil.example" not in done.text


def test_enrolment_is_recorded(agency: Agency, browser: Browser):
    enrol(browser)

    with tenant_context(agency.ref):
        row = Authenticator.objects.get(user_id=agency.owner.id)
    assert audit_actions(agency, str(row.pk)) == ["factor.begun", "factor.added"]
