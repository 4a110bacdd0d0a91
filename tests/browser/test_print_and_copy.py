"""Pages on paper, and buttons that copy."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import logged_in
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.page_table import PAGES
from tests.support.pages.profiles import Profiles

pytestmark = pytest.mark.nightly

# A4 with the margins of Chromium, in CSS pixels.
PAPER = 718
ROWS = {row.name: row for row in PAGES}
PRINTED = (
    "audit",
    "document",
    "file",
    "files",
    "front",
    "links",
    "my-sessions",
    "people",
    "person",
    "recovery-codes",
    "settings-domains",
    "settings-keys",
    "settings-usage",
    "share",
)
# What is left of a page on paper that is no use there, darker than paper, or cut off.
LOOK = """() => {
  const shown = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility());
  const within = (e, names) => e.matches(names) || e.closest(names);
  const dark = (e) => {
    const [r, g, b, a = 1] = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
    return a > 0.1 && r + g + b < 500 && !within(e, "progress, meter, svg, pre .hue");
  };
  const name = (e) => `${e.tagName}.${e.className.baseVal ?? e.className}`;
  const controls = "nav, button, .button, select, video, audio, iframe, [type=checkbox]";
  return {
    controls: shown.filter((e) => e.matches(controls)).map(name),
    dark: [document.documentElement, document.body, ...shown].filter(dark).map(name),
    wide: shown.filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map(name),
  };
}"""


@pytest.mark.parametrize("name", PRINTED)
def test_printed_page_has_its_content_only_and_is_light(
    page_of: Profiles, page_objects: PageObjects, name: str
):
    row = ROWS[name]
    browser = page_objects.browser(row)
    page = page_of(page_objects.host(row), cookies_of=browser, width=PAPER, theme="dark")
    page.goto(page_objects.path(row))
    if row.then:
        row.then(page)
    page.evaluate("() => document.documentElement.dataset.theme = 'dark'")

    page.emulate_media(media="print")

    found = page.evaluate(LOOK)
    assert found == {"controls": [], "dark": [], "wide": []}
    expect(page.locator("h1").first).to_be_visible()


def test_printed_settings_name_their_section(page_of: Profiles, page_objects: PageObjects):
    row = ROWS["settings-usage"]
    page = page_of(page_objects.host(row), cookies_of=page_objects.browser(row))
    page.goto(page_objects.path(row))
    assert page.locator("h1").inner_text() == "Settings"

    page.emulate_media(media="print")

    assert page.locator("h1").inner_text() == "Settings: Usage"


def test_printed_table_repeats_its_head_and_names_the_address_of_a_link(
    page_of: Profiles, page_objects: PageObjects
):
    row = ROWS["document"]
    page = page_of(page_objects.host(row), width=PAPER)
    page.goto(page_objects.path(row))
    page.emulate_media(media="print")

    head = page.locator("thead").first.evaluate("(e) => getComputedStyle(e).display")
    after = page.evaluate("""() => {
      const link = document.createElement("a");
      link.href = "https://example.org/x";
      document.querySelector("main").append(link);
      return getComputedStyle(link, "::after").content;
    }""")

    assert head == "table-header-group"
    assert "https://example.org/x" in after


CLIPBOARD = ["clipboard-read", "clipboard-write"]
READ = "() => navigator.clipboard.readText()"
DENY = (
    "navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
)
NO_COMMAND = "document.execCommand = () => false"


def issued_key(page: Page) -> str:
    """Create an API key and return it."""
    page.goto("/settings/keys/new")
    page.locator("[name=name]").fill("Backup")
    page.locator("main form [name=scopes]").first.check()
    page.locator("main [type=submit]").first.click()
    return page.locator("#issued-key").input_value()


@pytest.fixture
def page(page_of: Profiles, site: Site, agency: Agency) -> Page:
    owner = logged_in(site, agency)
    return page_of(agency.host, cookies_of=owner, permissions=CLIPBOARD)


@pytest.mark.parametrize("denied", [False, True])
def test_button_copies_also_where_the_clipboard_is_denied(page: Page, denied: bool):
    if denied:
        page.add_init_script(DENY)
    key = issued_key(page)

    page.get_by_role("button", name="Copy").click()

    expect(page.locator(".copy-status")).to_have_text("Copied")
    assert page.evaluate(READ) == key


def test_button_selects_the_text_where_nothing_can_copy(page: Page):
    page.add_init_script(f"{DENY}; {NO_COMMAND}")
    key = issued_key(page)

    page.get_by_role("button", name="Copy").click()

    expect(page.locator(".copy-status")).to_contain_text("Ctrl+C")
    selected = "(e) => e.value.slice(e.selectionStart, e.selectionEnd)"
    assert page.locator("#issued-key").evaluate(selected) == key


def test_value_to_copy_is_printed_whole(page: Page):
    key = issued_key(page)
    page.emulate_media(media="print")

    expect(page.get_by_text(key, exact=True)).to_be_visible()
    expect(page.locator("#issued-key")).to_be_hidden()
