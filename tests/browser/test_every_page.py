"""Every page in a real browser: console, policy, requests, accessibility, width, languages."""

import pytest

from tests.support.pages.accessibility import assert_accessible
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.page_table import PAGES
from tests.support.pages.profiles import Profiles
from tests.support.pages.rows.row import PageRow

# Many pages: several minutes.
pytestmark = pytest.mark.nightly

ROWS = [row for row in PAGES if not row.is_redirect]
EACH = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
FITS = "document.scrollingElement.scrollWidth <= innerWidth"


@EACH
@pytest.mark.parametrize(
    ("language", "theme", "width"), [("en", "light", 1280), ("pt-BR", "dark", 360)]
)
def test_page_is_accessible_and_fits_its_window(
    page_of: Profiles,
    page_objects: PageObjects,
    row: PageRow,
    language: str,
    theme: str,
    width: int,
):
    page = page_of(
        page_objects.host(row),
        language=language,
        theme=theme,
        width=width,
        cookies_of=page_objects.browser(row, language=language),
    )

    answer = page.goto(page_objects.path(row))
    if row.then:
        row.then(page)

    assert answer
    assert answer.status == row.status
    assert page.locator("html").get_attribute("lang") == (row.language or language.lower())
    if not row.is_swagger_ui:
        assert_accessible(page)
    assert page.evaluate(FITS)
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(FITS)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if not row.is_swagger_ui], ids=lambda row: row.name
)
def test_page_is_shown_without_javascript(
    page_of: Profiles, page_objects: PageObjects, row: PageRow
):
    page = page_of(page_objects.host(row), javascript=False, cookies_of=page_objects.browser(row))

    page.goto(page_objects.path(row))
    if row.then:
        row.then(page)

    assert page.locator("main").inner_text().strip()
