"""/files/{id}: details, preview from the store, versions, activity, download."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from files.models import File
from tenants.context import tenant_context
from tests.pages.files.test_selection import submit
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file
from tests.support.files.page_rows import shown_notice
from tests.support.http_client import Site

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
PDF = b"%PDF-1.4\n%%EOF\n"
SHOWN = {
    "logo.png": (PNG, "<img src=", "image/png"),
    "offer.pdf": (PDF, "<iframe src=", "application/pdf"),
    "notes.txt": (b"some notes", "<iframe src=", "text/plain; charset=utf-8"),
    "table.csv": (b"a,b\n1,2\n", "<iframe src=", "text/plain; charset=utf-8"),
    "script.js": (b"alert(1)", "<iframe src=", "text/plain; charset=utf-8"),
}
NOT_SHOWN = {
    "page.html": b"<html><script>alert(1)</script>",
    "page.txt": b"<html><script>alert(1)</script>",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "feed.xml": b"<?xml version='1.0'?><a/>",
    "logo.png": b"<svg onload=alert(1)>",
    "archive.zip": b"PK\x03\x04" + b"\0" * 40,
    "empty.txt": b"",
}


@pytest.fixture(scope="module")
def browser(site: Site, acme: Agency) -> Browser:
    return logged_in(site, acme)


@pytest.mark.parametrize("name", SHOWN)
def test_safe_content_is_shown_from_the_store(
    site: Site, acme: Agency, browser: Browser, name: str
):
    data, markup, content_type = SHOWN[name]
    file = add_file(acme.owner.at, name, data)

    page = browser.get(f"/files/{file['id']}")
    preview = browser.get(f"/files/{file['id']}/preview")
    url = preview.headers["location"]
    content = site.fetch(url)

    assert f'{markup}"/files/{file["id"]}/preview"' in page.text
    assert (preview.status_code, urlsplit(url).hostname) == (302, "s3.aggios.localhost")
    assert content.content == data
    assert content.headers["content-type"] == content_type
    assert content.headers["content-disposition"].startswith("inline")
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["3600"]
    acme.owner.at.delete(f"/api/files/{file['id']}")


@pytest.mark.parametrize("name", NOT_SHOWN)
def test_markup_is_never_shown(acme: Agency, browser: Browser, name: str):
    file = add_file(acme.owner.at, name, NOT_SHOWN[name])

    page = browser.get(f"/files/{file['id']}")
    preview = browser.get(f"/files/{file['id']}/preview")
    download = browser.get(f"/files/{file['id']}/download")

    assert "There is no preview" in page.text
    assert "<iframe" not in page.text
    assert preview.status_code == 404
    assert (
        "attachment"
        in parse_qs(urlsplit(download.headers["location"]).query)["response-content-disposition"][0]
    )
    acme.owner.at.delete(f"/api/files/{file['id']}")


def test_only_the_page_of_a_file_allows_the_store_in_its_policy(acme: Agency, browser: Browser):
    file = add_file(acme.owner.at, "policy.txt", b"text")

    page = browser.get(f"/files/{file['id']}").headers["content-security-policy"]
    preview = browser.get(f"/files/{file['id']}/preview").headers
    trash = browser.get("/trash").headers["content-security-policy"]

    for directive in ("img-src", "media-src", "frame-src"):
        [sources] = re.findall(rf"{directive} ([^;]+)", page)
        assert "http://s3.aggios.localhost" in sources
    assert "s3." not in trash
    assert "script-src 'self';" in page + ";"
    assert "frame-ancestors 'none'" in page
    assert "frame-ancestors 'self'" in preview["content-security-policy"]
    assert preview["x-frame-options"] == "SAMEORIGIN"
    assert preview["referrer-policy"] == "no-referrer"
    acme.owner.at.delete(f"/api/files/{file['id']}")


def test_preview_and_download_are_in_the_activity(site: Site, agency: Agency):
    browser = logged_in(site, agency)
    file = add_file(agency.owner.at, "a.txt", b"one")
    browser.get(f"/files/{file['id']}/preview")
    browser.get(f"/files/{file['id']}/download")

    page = browser.get(f"/files/{file['id']}")

    for sentence in ("uploaded version 1", "looked at version 1", "downloaded version 1"):
        assert sentence in page.text
    events = agency.owner.at.get("/api/audit?action=file.downloaded").json()["results"]
    assert sorted(event["details"]["by"] for event in events) == ["link", "preview"]


def test_activity_is_only_for_those_who_may_read_the_audit_trail(site: Site, agency: Agency):
    member = add_member(agency, "ben@activity.test")
    file = add_file(member.at, "a.txt")

    page = logged_in(site, agency, member).get(f"/files/{file['id']}")

    assert page.status_code == 200
    assert "activity-title" not in page.text


def test_older_version_becomes_the_current_one(site: Site, agency: Agency):
    browser = logged_in(site, agency)
    add_file(agency.owner.at, "a.txt", b"first")
    file = add_file(agency.owner.at, "a.txt", b"second")

    page = browser.follow(submit(browser, f"/files/{file['id']}/versions/1/restore"))
    unknown = submit(browser, f"/files/{file['id']}/versions/9/restore")

    assert "current one again" in shown_notice(page)
    assert "Version 3" in page.text
    assert unknown.status_code == 404
    with tenant_context(agency.ref):
        assert File.objects.select_related("current").get().current.number == 3


@pytest.mark.parametrize("version", ["9", "0", "-1", "x", "9" * 30, "%00"])
def test_unknown_version_is_not_found(acme: Agency, browser: Browser, version: str):
    file = add_file(acme.owner.at, "versions.txt", b"one")

    answers = [
        browser.get(f"/files/{file['id']}/{what}?version={version}")
        for what in ("preview", "download")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    acme.owner.at.delete(f"/api/files/{file['id']}")


def test_file_in_the_trash_has_no_page(acme: Agency, browser: Browser):
    file = add_file(acme.owner.at, "gone.txt")
    acme.owner.at.delete(f"/api/files/{file['id']}")

    for path in ("", "/preview", "/download", "/rename"):
        assert browser.get(f"/files/{file['id']}{path}").status_code == 404


def test_hostile_names_are_shown_as_text(acme: Agency, browser: Browser):
    file = add_file(acme.owner.at, "x", path='f"><script>alert(1)<.txt')

    page = browser.get(f"/files/{file['id']}")

    assert page.status_code == 200
    assert "<script>alert" not in page.text
    acme.owner.at.delete(f"/api/files/{file['id']}")
