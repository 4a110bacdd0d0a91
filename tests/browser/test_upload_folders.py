"""Folders that are chosen or dropped: structure, names, empty and unreadable ones, many files."""

import unicodedata
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from files.models import File
from tenants.context import tenant_context
from tests.browser.test_upload_queue import DONE, write
from tests.support.browser import logged_in
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.pages.accessibility import assert_accessible
from tests.support.pages.profiles import Profiles

pytestmark = pytest.mark.nightly

FAILED = ".upload[data-state=failed]"
# Playwright cannot drop folders. `tree` has names, each with a text or, for a folder, its entries;
# null cannot be read.
# As in Chromium, a reader returns at most a hundred entries at once.
DROP = """(tree) => {
  const fails = (_, refuse) => refuse(new DOMException("", "NotReadableError"));
  const entry = ([name, content]) => {
    if (typeof content === "string") {
      const file = new File([content], name);
      return { name, isFile: true, isDirectory: false, file: (resolve) => resolve(file) };
    }
    if (content === null) return { name, isFile: true, isDirectory: false, file: fails };
    const left = content.filter((child) => child !== null).map(entry);
    const read = (resolve) => setTimeout(() => resolve(left.splice(0, 100)));
    const createReader = () => ({ readEntries: content[0] === null ? fails : read });
    return { name, isFile: false, isDirectory: true, createReader };
  };
  const items = tree.map(entry).map((made) => ({ kind: "file", webkitGetAsEntry: () => made }));
  items.push({ kind: "string", webkitGetAsEntry: () => null });
  const event = new DragEvent("drop", { bubbles: true, cancelable: true });
  const data = { types: ["Files"], items, files: [] };
  Object.defineProperty(event, "dataTransfer", { value: data });
  document.querySelector("main").dispatchEvent(event);
}"""


@pytest.fixture
def page(page_of: Profiles, site: Site, agency: Agency) -> Page:
    """The page of a folder, with the owner logged in."""
    page = page_of(agency.host, cookies_of=logged_in(site, agency))
    page.goto("/files?path=2026/")
    return page


def stored_names(agency: Agency) -> set[str]:
    with tenant_context(agency.ref):
        return set(File.objects.filter(deleted_at=None).values_list("name", flat=True))


def test_chosen_folder_keeps_its_structure(page: Page, agency: Agency, tmp_path: Path):
    root = tmp_path / "Campanha de verão"
    names = [
        "a.txt",
        "cópia/b.txt",
        "cópia/c/d/e/f.txt",
        "100% #1 & más?.txt",
        "日本語/ファイル.txt",
        unicodedata.normalize("NFD", "ação.txt"),
        "<b>x.txt",
    ]
    for name in (*names, ".DS_Store", "cópia/Thumbs.db"):
        write(root, name, name.encode())
    (root / "empty" / "nested").mkdir(parents=True)

    page.locator("#choose-folder").set_input_files(root)

    expect(page.locator(DONE)).to_have_count(len(names))
    expected = {unicodedata.normalize("NFC", f"2026/{root.name}/{name}") for name in names}
    assert stored_names(agency) == expected
    expect(page.locator("#files")).to_contain_text(root.name)
    page.goto(f"/files?path=2026/{root.name}/")
    for shown in ("cópia", "日本語", "ação.txt", "<b>x.txt", "100% #1 & más?.txt"):
        expect(page.locator("#files")).to_contain_text(shown)


def test_dropped_folders_keep_their_structure(page: Page, agency: Agency):
    tree = [
        ["plan.txt", "plan"],
        ["a", [["b", [["c", [["deep.txt", "deep"]]], ["empty", []]]], ["ação.txt", "x"]]],
        ["other", [["1/2.txt", "a name with a slash"], [".DS_Store", "system"]]],
        ["nothing", []],
    ]

    page.evaluate(DROP, tree)

    expect(page.locator(DONE)).to_have_count(4)
    names = {"plan.txt", "a/b/c/deep.txt", "a/ação.txt", "other/1:2.txt"}
    assert stored_names(agency) == {f"2026/{name}" for name in names}
    expect(page.locator("#upload-note")).to_be_hidden()


def test_unreadable_part_of_a_folder_is_shown_as_failed(page: Page, agency: Agency):
    tree = [["a", [["good.txt", "x"], ["locked.txt", None], ["closed", [None]]]]]

    page.evaluate(DROP, tree)

    expect(page.locator(DONE)).to_have_count(1)
    expect(page.locator(FAILED)).to_have_count(2)
    for name in ("2026/a/locked.txt", "2026/a/closed/"):
        row = page.locator(FAILED, has_text=name)
        expect(row).to_contain_text("The browser cannot read the file.")
    expect(page.locator("[data-summary]")).to_contain_text("1 of 3 uploaded, 2 failed")
    assert stored_names(agency) == {"2026/a/good.txt"}
    assert_accessible(page)


def test_empty_folder_is_said_to_hold_nothing(page: Page, agency: Agency):
    page.evaluate(DROP, [["empty", [["nested", []]]]])

    expect(page.locator("#upload-note")).to_contain_text("There are no files in it.")
    expect(page.locator("#upload-announcements")).to_contain_text("There are no files in it.")

    page.evaluate(DROP, [["full", [["a.txt", "x"]]]])

    expect(page.locator("#upload-note")).to_be_hidden()
    expect(page.locator(DONE)).to_have_count(1)


def test_folder_of_more_entries_than_a_reader_returns_at_once_is_complete(
    page: Page, agency: Agency
):
    page.evaluate(DROP, [["many", [[f"{n:03}.txt", str(n)] for n in range(230)]]])

    expect(page.locator(".upload")).to_have_count(230)
    page.locator("[data-all=pause]").click()


@pytest.mark.timeout(900)
def test_folder_of_a_thousand_files_is_uploaded(page: Page, agency: Agency, tmp_path: Path):
    for n in range(1000):
        write(tmp_path / "thousand", f"{n // 100}/{n:03}.txt", b"%d" % n)

    page.locator("#choose-folder").set_input_files(tmp_path / "thousand")

    expect(page.locator(DONE)).to_have_count(1000, timeout=800_000)
    assert stored_names(agency) == {f"2026/thousand/{n // 100}/{n:03}.txt" for n in range(1000)}
    expect(page.locator("[data-summary]")).to_contain_text("1000 of 1000 uploaded")
