"""Logo and colour of a workspace: their form, where they are shown, and how they are served."""

import hashlib
import re
from html import unescape

import pytest

from audit.models import AuditEvent
from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from core.images.cleaning import clean_image
from tenants.context import tenant_context
from tenants.lifecycle import suspend_tenant
from tests.support.branding import (
    LOGO_FORM,
    SETTINGS_PAGE,
    logo_key,
    send_logo,
    stored_logo_of,
)
from tests.support.browser import TOKEN, Browser, logged_in
from tests.support.factories import Agency, add_member
from tests.support.files.bucket import keys_under, read_object, stored_keys
from tests.support.files.shares import create_share, share_path
from tests.support.http_client import Site
from tests.support.page_forms import hidden_fields
from tests.support.pictures import JPEG, WEBP, huge_png, png, with_exif_jpeg

pytestmark = pytest.mark.usefixtures("fresh_limits")

PICTURES = {"image/png": png(), "image/jpeg": JPEG, "image/webp": WEBP}
LOGO_URL = re.compile(r'<img src="(/logo\?v=[0-9a-f]{16})" alt="">')
THEME_URL = re.compile(r'<link rel="stylesheet" href="(/theme\.css\?v=[0-9a-f]{16})">')
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
REFUSED = {
    "svg": SVG,
    "svg named png": b"<?xml version='1.0'?>" + SVG,
    "text": b"logo",
    "polyglot that begins as html": b"<script>alert(1)</script>" + png(),
    "truncated": png(100, 100)[:-20],
    "huge": huge_png(),
    "one pixel too wide": png(2001, 1),
    "one pixel too high": png(1, 2001),
    "no pixels": huge_png(0, 0),
    "too many bytes": png() + bytes(1_000_001),
}


@pytest.fixture
def agency(new_agency) -> Agency:
    return new_agency()


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return logged_in(site, agency)


def set_color(browser: Browser, color: str):
    fields = hidden_fields(browser.get(SETTINGS_PAGE).text)
    return browser.post(SETTINGS_PAGE, {**fields, "accent_color": color})


def found(pattern: re.Pattern[str], page: str) -> str:
    match = pattern.search(page)
    return unescape(match[1]) if match else ""


@pytest.mark.parametrize("kind", PICTURES)
def test_logo_is_stored_shown_and_served_as_its_own_type(
    site: Site, agency: Agency, browser: Browser, kind: str
):
    done = send_logo(browser, PICTURES[kind], "whatever.svg")

    assert done.headers["location"] == "/settings/branding?notice=saved", done.text
    stored = read_object(logo_key(agency))
    assert stored == clean_image(PICTURES[kind]).data
    visitor = Browser(site, agency.slug)
    share = create_share(agency.owner.at)
    pages = [browser.get("/"), browser.get(SETTINGS_PAGE), visitor.get("/login")]
    pages.append(visitor.get(share_path(share)))
    urls = {found(LOGO_URL, page.text) for page in pages}
    assert urls == {f"/logo?v={hashlib.sha256(stored).hexdigest()[:16]}"}
    got = visitor.get(urls.pop())
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, stored, kind)
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert got.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in got.headers
    assert "cookie" not in got.headers.get("vary", "").lower()


def test_logo_is_validated_by_its_entity_tag(agency: Agency, browser: Browser):
    send_logo(browser, png())
    first = browser.get("/logo")
    again = browser.get("/logo", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "public, no-cache"
    assert first.headers["etag"].startswith('"')
    assert (again.status_code, again.content) == (304, b"")
    assert browser.get("/logo?v=0000000000000000").headers["cache-control"] == "public, no-cache"
    assert browser.post("/logo", {}).status_code == 405


def test_change_of_the_logo_is_audited_in_both_trails(agency: Agency, browser: Browser):
    send_logo(browser, png())

    with tenant_context(agency.ref):
        event = AuditEvent.objects.get(action="tenant.updated")
    with use_scope(PUBLIC):
        told = AuditEvent.objects.get(action="tenant.updated", target_id=str(agency.ref.id))
    digest = hashlib.sha256(read_object(logo_key(agency))).hexdigest()
    for row, label in ((event, agency.owner.email), (told, "")):
        assert (row.actor_id, row.actor_label) == (agency.owner.id, label)
        assert row.details["changes"]["settings.logo"]["to"][1:3] == ["image/png", digest]


def test_new_logo_replaces_the_object_of_the_former_one(agency: Agency, browser: Browser):
    send_logo(browser, png())
    former = logo_key(agency)
    page = browser.get("/").text

    assert send_logo(browser, png(color=b"\xff\x00\x00")).status_code == 303

    assert keys_under(f"{agency.ref.object_prefix}/logo/") == {logo_key(agency)} != {former}
    assert found(LOGO_URL, browser.get("/").text) != found(LOGO_URL, page)
    assert browser.get(found(LOGO_URL, page)).headers["cache-control"] == "public, no-cache"


def test_equal_logo_can_be_sent_again(agency: Agency, browser: Browser):
    send_logo(browser, png())
    send_logo(browser, png())

    assert read_object(logo_key(agency)) == browser.get("/logo").content


def test_removed_logo_leaves_no_object_and_no_address(agency: Agency, browser: Browser):
    send_logo(browser, png())

    token = hidden_fields(browser.get(SETTINGS_PAGE).text)["csrfmiddlewaretoken"]
    removed = browser.post(LOGO_FORM, {"csrfmiddlewaretoken": token, "remove": "1"})

    assert removed.headers["location"] == "/settings/branding?notice=saved"
    assert stored_logo_of(agency) is None
    assert stored_keys(agency) == set()
    assert browser.get("/logo").status_code == 404
    assert found(LOGO_URL, browser.get("/").text) == ""


@pytest.mark.parametrize("name", REFUSED)
def test_file_that_is_no_small_picture_is_refused(agency: Agency, browser: Browser, name: str):
    send_logo(browser, png())
    before = logo_key(agency)

    answer = send_logo(browser, REFUSED[name])

    assert answer.status_code == 400, answer.text
    assert 'role="alert"' in answer.text
    assert (logo_key(agency), stored_keys(agency)) == (before, {before})


def test_form_without_a_file_and_with_a_huge_body_is_refused(agency: Agency, browser: Browser):
    empty = browser.submit(SETTINGS_PAGE, {"accent_color": "#0b6e5f"})
    token = TOKEN.search(browser.get(SETTINGS_PAGE).text)
    assert token
    nothing = browser.post(LOGO_FORM, {"csrfmiddlewaretoken": token[1]})
    huge = send_logo(browser, bytes(3_000_000))

    assert empty.status_code == 412  # without the version of what was read
    assert nothing.status_code == 400
    assert huge.status_code == 413
    assert stored_keys(agency) == set()


def test_metadata_of_a_photo_is_not_published(agency: Agency, browser: Browser):
    send_logo(browser, with_exif_jpeg())

    assert b"GPS" not in browser.get("/logo").content
    assert b"GPS" not in read_object(logo_key(agency))


@pytest.mark.parametrize("role", ["member", "admin"])
def test_logo_and_colour_are_for_managers(site: Site, agency: Agency, role: str):
    owner = logged_in(site, agency)
    person = logged_in(site, agency, add_member(agency, f"{role}@brand.test", role))
    form = hidden_fields(person.get("/logout").text)
    files = {"logo": ("l.png", png(), "image/png")}

    logo = person.post(LOGO_FORM, form, files=files)
    version = hidden_fields(owner.get(SETTINGS_PAGE).text)["version"]
    color = person.post(SETTINGS_PAGE, {**form, "version": version, "accent_color": "#112233"})

    expected = 303 if role == "admin" else 403
    assert (logo.status_code, color.status_code) == (expected, expected)
    assert bool(stored_keys(agency)) == (role == "admin")


def test_form_of_another_site_changes_nothing(agency: Agency, browser: Browser):
    files = {"logo": ("l.png", png(), "image/png")}
    token = hidden_fields(browser.get(SETTINGS_PAGE).text)

    without = browser.post(LOGO_FORM, {}, files=files)
    foreign = browser.post(LOGO_FORM, token, files=files, headers={"Origin": "http://evil.example"})

    assert (without.status_code, foreign.status_code) == (403, 403)
    assert stored_keys(agency) == set()


def test_other_workspace_never_serves_the_logo(
    site: Site, agency: Agency, globex: Agency, browser: Browser
):
    send_logo(browser, png())
    url = found(LOGO_URL, browser.get("/").text)
    set_color(browser, "#ffd500")

    other = Browser(site, globex.slug)

    assert other.get(url).status_code == 404
    assert other.get("/theme.css").status_code == 404
    page = other.get("/login").text
    assert (found(LOGO_URL, page), found(THEME_URL, page)) == ("", "")
    assert site.host("").get(url).status_code == 404
    assert not keys_under(f"{globex.ref.object_prefix}/logo/")


@pytest.mark.parametrize(
    ("color", "text"), [("#0B6E5F", "#ffffff"), ("#ffd500", "#000000"), ("#777777", "#000000")]
)
def test_colour_becomes_a_stylesheet_with_readable_text(
    site: Site, agency: Agency, browser: Browser, color: str, text: str
):
    done = set_color(browser, color)

    assert done.headers["location"] == "/settings/branding?notice=saved", done.text
    assert dict(agency.ref.settings)["accent_color"] == color.lower()
    visitor = Browser(site, agency.slug)
    url = found(THEME_URL, visitor.get("/login").text)
    sheet = visitor.get(url)
    assert f"--brand: {color.lower()}; --on-brand: {text};" in sheet.text
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = visitor.get(url, headers={"If-None-Match": sheet.headers["etag"]})
    assert (again.status_code, again.headers["etag"]) == (304, sheet.headers["etag"])
    assert f'value="{color.lower()}"' in browser.get(SETTINGS_PAGE).text
    assert found(THEME_URL, browser.get("/").text) == url


def test_empty_colour_is_that_of_the_product(agency: Agency, browser: Browser):
    set_color(browser, "#ffd500")

    assert set_color(browser, "").status_code == 303

    assert found(THEME_URL, browser.get("/").text) == ""
    assert browser.get("/theme.css").status_code == 404


@pytest.mark.parametrize(
    "color",
    [
        "red",
        "#fff",
        "#12345g",
        "#1234567",
        "url(//x)",
        "#fff}b{",
        "#\uff11\uff12\uff13456",
        "<x>",
        "12345",
    ],
)
def test_invalid_colour_changes_nothing(agency: Agency, browser: Browser, color: str):
    answer = set_color(browser, color)

    assert answer.status_code == 400
    assert "accent_color" not in dict(agency.ref.settings)


def test_page_of_a_suspended_workspace_names_no_file_that_is_not_served(
    site: Site, agency: Agency, browser: Browser
):
    send_logo(browser, png())
    set_color(browser, "#ffd500")
    suspend_tenant(agency.ref.id, reason="unpaid", actor=SYSTEM)

    page = Browser(site, agency.slug).get("/")

    assert page.status_code == 403
    assert (found(LOGO_URL, page.text), found(THEME_URL, page.text)) == ("", "")
    assert Browser(site, agency.slug).get("/logo").status_code == 403
