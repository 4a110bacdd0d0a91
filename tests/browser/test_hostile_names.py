"""Hostile names in Chromium: they stay text, and no dialog opens."""

import pytest

from tests.support.pages.hostile import PROBE
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.page_table import PAGES
from tests.support.pages.profiles import Profiles
from tests.support.pages.rows.row import PageRow

# Many pages: several minutes.
pytestmark = pytest.mark.nightly

# Pages of the apex show no names.
ROWS = [row for row in PAGES if not row.is_redirect and row.kind not in {"apex", "dash"}]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_hostile_names_stay_text(page_of: Profiles, hostile_objects: PageObjects, row: PageRow):
    page = page_of(hostile_objects.host(row), cookies_of=hostile_objects.browser(row))
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

    page.goto(hostile_objects.path(row))
    if row.then:
        row.then(page)

    assert page.locator(f"{PROBE}, [{PROBE}]").count() == 0
    assert dialogs == []
