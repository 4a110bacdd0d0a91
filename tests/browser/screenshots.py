"""Screenshots of every page of tests/support/pages/page_table.py (scripts/screenshots.sh).

Not a test: its name keeps it out of other runs.
"""

from pathlib import Path

import pytest

from tests.support.pages.page_objects import PageObjects
from tests.support.pages.page_table import PAGES
from tests.support.pages.profiles import Profiles
from tests.support.pages.rows.row import PageRow

THEMES = ("light", "dark")
WIDTHS = (360, 1280)


@pytest.mark.parametrize("language", ["en", "pt-BR"])
@pytest.mark.parametrize(
    "row", [row for row in PAGES if not row.is_redirect], ids=lambda row: row.name
)
def test_page_has_screenshots(
    request: pytest.FixtureRequest,
    page_of: Profiles,
    page_objects: PageObjects,
    row: PageRow,
    language: str,
):
    folder = Path(request.config.getoption("--screenshots"))
    browser = page_objects.browser(row, language=language)
    page = page_of(page_objects.host(row), language=language, cookies_of=browser)

    page.goto(page_objects.path(row))
    if row.then:
        row.then(page)

    for theme in THEMES:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            target = folder / f"{row.name}.{language}.{theme}.{width}.png"
            page.screenshot(path=target, full_page=True)
            assert target.stat().st_size > 1000
