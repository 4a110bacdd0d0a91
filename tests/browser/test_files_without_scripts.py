"""The pages of files with JavaScript switched off, and their menus with it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from files.models import File
from tenants.context import tenant_context
from tests.support.browser import logged_in
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site
from tests.support.pages.profiles import Profiles


@pytest.fixture
def page(page_of: Profiles, site: Site, agency: Agency) -> Page:
    """A browser without scripts, with the owner logged in."""
    return page_of(agency.host, cookies_of=logged_in(site, agency), javascript=False, width=360)


def live_names(agency: Agency) -> set[str]:
    with tenant_context(agency.ref):
        return set(File.objects.filter(deleted_at=None).values_list("name", flat=True))


def test_file_is_uploaded_moved_deleted_and_restored(page: Page, agency: Agency, tmp_path: Path):
    chosen = tmp_path / "plan.txt"
    chosen.write_bytes(b"the plan")

    page.goto("/files?path=drafts/")
    page.locator("#upload-menu > summary").click()
    page.set_input_files("#upload-file", chosen)
    page.locator("#upload-menu").get_by_role("button", name="Upload").click()
    expect(page.get_by_role("status")).to_contain_text("The file is uploaded.")
    assert live_names(agency) == {"drafts/plan.txt"}

    page.get_by_label("Select plan.txt").check()
    page.locator("#selection").get_by_role("button", name="Move", exact=True).click()
    page.get_by_label("To the folder").fill("final")
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("final")
    assert live_names(agency) == {"final/plan.txt"}

    page.get_by_label("Select plan.txt").check()
    page.locator("#selection").get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_role("status")).to_contain_text("Moved to the trash")
    assert live_names(agency) == set()

    page.goto("/trash")
    page.get_by_label("Select plan.txt").check()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("status")).to_contain_text("Restored.")
    assert live_names(agency) == {"final/plan.txt"}


def test_selected_files_are_downloaded_as_a_zip(page: Page, agency: Agency):
    add_file(agency.owner.at, "a.txt", b"a")
    page.goto("/files")
    page.get_by_label("Select a.txt").check()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download as ZIP").click()

    assert download.value.suggested_filename == "files.zip"


def test_menu_of_the_last_file_is_not_cut_off(page_of: Profiles, site: Site, agency: Agency):
    add_file(agency.owner.at, "a.txt", b"a")
    page = page_of(agency.host, cookies_of=logged_in(site, agency))
    page.goto("/files")

    page.locator("#files tr summary").last.click()
    page.locator("#files tr").last.get_by_role("button", name="Move to the trash").click()

    expect(page.get_by_role("status").first).to_contain_text("Moved to the trash")
    assert live_names(agency) == set()


def test_preview_is_shown_in_a_frame_that_runs_nothing(
    page_of: Profiles, site: Site, agency: Agency
):
    file = add_file(agency.owner.at, "notes.txt", "Olá, <b>notes</b>".encode())
    page = page_of(agency.host, cookies_of=logged_in(site, agency))

    page.goto(f"/files/{file['id']}")

    frame = page.frame_locator("iframe")
    expect(frame.locator("pre")).to_have_text("Olá, <b>notes</b>")
    assert page.locator("iframe").get_attribute("sandbox") == ""
