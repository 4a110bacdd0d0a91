"""/files: folders, order, search, filters, views, pages, and what members and admins see."""

import html
import secrets
from datetime import datetime
from urllib.parse import quote

import pytest
from django.db import transaction

from files.filenames import shown_name
from files.models import File
from tenants.context import tenant_context
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency, Person, add_member, create_agency
from tests.support.files.filename_cases import ACCEPTED, FILENAME_CASES
from tests.support.files.form_uploads import add_file
from tests.support.files.page_rows import next_link, shown_names
from tests.support.http_client import Site

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
NAMES = [
    "plan.txt",
    "big.txt",
    "logo.png",
    "reports/2026/may.txt",
    "reports/q1.txt",
    "reports and more.txt",
]


@pytest.fixture(scope="module")
def workspace(site: Site) -> Agency:
    """A workspace whose owner has the files ``NAMES``; its tests only read."""
    agency = create_agency(site, f"x{secrets.token_hex(6)}")
    for name in NAMES:
        data = PNG if name.endswith(".png") else b"x" * (9 if name == "big.txt" else 3)
        add_file(agency.owner.at, "x", data, path=name)
    return agency


@pytest.fixture(scope="module")
def member(workspace: Agency) -> Person:
    """A member with one file."""
    person = add_member(workspace, "ben@list.test")
    add_file(person.at, "of ben.txt")
    return person


@pytest.fixture(scope="module")
def browser(site: Site, workspace: Agency, member: Person) -> Browser:
    return logged_in(site, workspace)


def test_list_shows_folders_first_and_then_the_files_of_the_folder(browser: Browser):
    top = browser.get("/files")
    inside = browser.get("/files?path=reports/")

    assert shown_names(top) == [
        "reports",
        *("big.txt", "logo.png", "of ben.txt", "plan.txt", "reports and more.txt"),
    ]
    assert shown_names(inside) == ["2026", "q1.txt"]
    assert "/files?path=reports%2F2026%2F" in inside.text
    assert "<h1>reports</h1>" in inside.text


def test_columns_link_to_their_order(browser: Browser):
    down = browser.get("/files?sort=-name")
    by_size = browser.get("/files?sort=-size")

    assert shown_names(down)[1:] == shown_names(browser.get("/files"))[1:][::-1]
    assert shown_names(by_size)[1] == "logo.png"
    assert 'aria-sort="descending"><a href="/files?sort=size"' in by_size.text
    assert browser.get("/files?sort=owner").status_code == 400


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("search=MAY", ["may.txt"]),
        ("search=txt&path=reports/", ["may.txt", "q1.txt"]),
        ("kind=image", ["logo.png"]),
        ("kind=document&search=plan", ["plan.txt"]),
        ("since=week&search=plan", ["plan.txt"]),
        ("search=nothing-has-this-name", []),
    ],
)
def test_search_and_filters_find_files_at_any_depth(browser: Browser, query: str, names: list[str]):
    found = browser.get(f"/files?{query}")

    assert shown_names(found) == names
    assert "Clear search and filters" in found.text


def test_filter_by_person_is_for_those_who_see_files_of_others(
    site: Site, workspace: Agency, browser: Browser, member: Person
):
    bens = browser.get(f"/files?person={member.id}")
    owners = logged_in(site, workspace, member).get(f"/files?person={workspace.owner.id}")

    assert shown_names(bens) == ["of ben.txt"]
    assert shown_names(owners) == []
    assert 'name="person"' in bens.text
    assert 'name="person"' not in owners.text


def test_since_finds_only_files_that_were_added_later(browser: Browser, workspace: Agency):
    with tenant_context(workspace.ref):
        plan = File.objects.get(name="plan.txt")
        set_created_at(plan, plan.created_at.replace(year=2020))
        try:
            later, all_of_them = (browser.get(f"/files?{q}") for q in ("since=year", "search=plan"))
        finally:
            set_created_at(plan, plan.created_at)

    assert "plan.txt" not in shown_names(later)
    assert "plan.txt" in shown_names(all_of_them)


def set_created_at(file: File, moment: datetime) -> None:
    File.objects.filter(pk=file.pk).update(created_at=moment)


def test_member_sees_only_own_files(site: Site, workspace: Agency, member: Person):
    page = logged_in(site, workspace, member).get("/files")

    assert shown_names(page) == ["of ben.txt"]
    assert workspace.owner.email not in page.text


def test_view_is_remembered(site: Site, workspace: Agency):
    browser = logged_in(site, workspace)

    chosen = browser.get("/files?view=grid")
    again = browser.get("/files")
    unknown = browser.get("/files?view=spiral")

    assert 'class="file-grid"' in chosen.text
    assert 'class="file-grid"' in again.text
    assert unknown.status_code == 200
    cookie = chosen.headers["set-cookie"]
    assert "aggios_files_view=grid" in cookie
    assert "HttpOnly" in cookie


def test_pages_of_a_large_folder_show_each_file_once(agency: Agency, site: Site):
    names = [f"{number:03}.txt" for number in range(120)]
    first = add_file(agency.owner.at, "first.txt")
    with tenant_context(agency.ref):
        source = File.objects.select_related("current").get(pk=first["id"])
        for name in names:
            _copy(source, name)
    browser, seen = logged_in(site, agency), []

    url = "/files?path=many/"
    while url:
        page = browser.get(url)
        assert page.status_code == 200
        seen += shown_names(page)
        url = next_link(page)

    assert seen == names


@pytest.mark.parametrize(
    "cursor", ["x", "W10", "'; DROP TABLE", "%00", "a" * 4000], ids=lambda text: text[:12]
)
def test_forged_cursor_is_refused_as_a_page(browser: Browser, cursor: str):
    page = browser.get(f"/files?cursor={cursor}")

    assert page.status_code == 400
    assert "invalid_cursor" in page.text


@pytest.mark.parametrize("path", ["../", "a//b/", "%00", "/etc/", "x" * 300])
def test_invalid_folder_is_refused_as_a_page(browser: Browser, path: str):
    page = browser.get(f"/files?path={path}")

    assert page.status_code == 400
    assert "<h1>" in page.text


def test_new_folder_is_shown_before_it_has_a_file(browser: Browser):
    sent = browser.get(f"/files?path=reports/&new={quote('Ação <b>')}")
    page = browser.follow(sent)

    assert page.status_code == 200
    assert "Ação &lt;b&gt;" in page.text
    assert "This folder is empty" in page.text
    assert browser.get("/files?new=../up").status_code == 400


def test_hostile_names_are_shown_as_text(agency: Agency, site: Site):
    cases = [case for case in FILENAME_CASES if case.path == ACCEPTED and case.text]
    hostile = [case.text for case in cases] + ['"><script>alert(1)<', "{{ 7|add:7 }}.txt"]
    for name in hostile:
        add_file(agency.owner.at, "x", path=name)
    browser = logged_in(site, agency)

    pages = [browser.get("/files"), browser.get("/files?view=grid"), browser.get("/files?search=b")]

    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<b>&amp;.txt" not in page.text
        assert "14.txt" not in page.text
    shown = {shown_name(name) for name in hostile if "/" not in name}
    assert shown <= set(shown_names(pages[0]))
    assert "photo_gpj.exe" in shown  # without the character that would turn its end
    assert html.escape("<b>&amp;.txt") in pages[1].text


def _copy(source: File, name: str) -> None:
    """Add a file with a version over the same content, without the store."""
    version = source.current
    version.restored_from_id, version.pk, version._state.adding = version.pk, None, True
    version.pk = version._meta.pk.get_default()
    copy = File(name=f"many/{name}", owner=source.owner, current_id=version.pk, size=source.size)
    with transaction.atomic():
        File.objects.bulk_create([copy])
        version.file, version.number = copy, 1
        version.save(force_insert=True)
    source.refresh_from_db()
