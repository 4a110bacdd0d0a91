"""/trash: list, restore, purge and empty, with a question before files are gone for ever."""

import pytest

from files.models import File
from tenants.context import tenant_context
from tests.pages.files.test_selection import add, live_names, submit
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency, add_member
from tests.support.files.bucket import stored_keys
from tests.support.files.page_rows import shown_names, shown_notice
from tests.support.http_client import Site


@pytest.fixture
def browser(site: Site, agency: Agency) -> Browser:
    return logged_in(site, agency)


def trash(agency: Agency, *names: str) -> list[str]:
    """Add files and move them to the trash; return their ids."""
    ids = [add(agency.owner, name) for name in names]
    for file in ids:
        assert agency.owner.at.delete(f"/api/files/{file}").status_code == 204
    return ids


def in_trash(agency: Agency) -> int:
    with tenant_context(agency.ref):
        return File.objects.exclude(deleted_at=None).count()


def test_trash_lists_the_last_deleted_first(browser: Browser, agency: Agency):
    trash(agency, "first.txt", "f/<i>second.txt")

    page = browser.get("/trash")

    assert shown_names(page) == ["<i>second.txt", "first.txt"]
    assert "<i>" not in page.text
    assert "after 30 days" in page.text


def test_selected_files_are_restored(browser: Browser, agency: Agency):
    first, second, _ = trash(agency, "a.txt", "b.txt", "c.txt")

    page = browser.follow(submit(browser, "/trash/restore", file=[first, second]))

    assert shown_notice(page) == "Restored."
    assert live_names(agency) == ["a.txt", "b.txt"]
    assert shown_names(page) == ["c.txt"]


def test_restore_onto_a_taken_name_restores_nothing(browser: Browser, agency: Agency):
    first, second = trash(agency, "a.txt", "b.txt")
    add(agency.owner, "a.txt")

    page = submit(browser, "/trash/restore", file=[first, second])

    assert page.status_code == 409
    assert "another file with this name" in page.text
    assert live_names(agency) == ["a.txt"]
    assert in_trash(agency) == 2


def test_purge_asks_first_and_deletes_the_content(browser: Browser, agency: Agency):
    first, _ = trash(agency, "a.txt", "b.txt")

    asked = submit(browser, "/trash/purge", file=first)
    assert (asked.status_code, in_trash(agency)) == (200, 2)
    assert "cannot be undone" in asked.text
    assert f'name="file" value="{first}"' in asked.text
    page = browser.follow(submit(browser, "/trash/purge", file=first, confirmed="1"))

    assert shown_notice(page) == "Deleted for ever."
    assert in_trash(agency) == 1
    assert len(stored_keys(agency)) == 1


def test_emptying_asks_first_and_keeps_live_files(browser: Browser, agency: Agency):
    trash(agency, "a.txt", "b.txt")
    add(agency.owner, "kept.txt")

    asked = browser.get("/trash/empty")
    assert in_trash(agency) == 2
    page = browser.follow(submit(browser, "/trash/empty", confirmed="1"))

    assert "Empty the trash?" in asked.text
    assert "The trash is empty" in page.text
    assert (in_trash(agency), live_names(agency)) == (0, ["kept.txt"])
    events = agency.owner.at.get("/api/audit?action=file.purged").json()["results"]
    assert len(events) == 2


def test_member_empties_only_the_own_trash(site: Site, agency: Agency):
    trash(agency, "owner.txt")
    member = add_member(agency, "ben@trash.test")
    own = add(member, "own.txt")
    member.at.delete(f"/api/files/{own}")
    browser = logged_in(site, agency, member)

    assert shown_names(browser.get("/trash")) == ["own.txt"]
    submit(browser, "/trash/empty", confirmed="1")

    assert in_trash(agency) == 1


@pytest.mark.parametrize("path", ["/trash/restore", "/trash/purge"])
def test_files_of_another_tenant_stay_in_the_trash(
    site: Site, agency: Agency, globex: Agency, path: str
):
    [foreign] = trash(agency, "a.txt")
    outsider = logged_in(site, globex)

    answer = submit(outsider, path, file=foreign, confirmed="1")

    assert answer.status_code == 303
    assert "not there any more" in shown_notice(outsider.follow(answer))
    assert in_trash(agency) == 1
    assert submit(outsider, path).status_code == 303
