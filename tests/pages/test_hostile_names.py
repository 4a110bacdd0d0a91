"""Hostile names, which people may give to what they make, on each page."""

from html import escape

import pytest

from tests.support.pages.hostile import (
    ROWS,
    STORED,
    assert_inert,
    each,
)
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.rows.row import PageRow

pytestmark = pytest.mark.usefixtures("fresh_limits")


@each(ROWS)
@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_hostile_names_are_escaped(hostile_objects: PageObjects, row: PageRow, language: str):
    answer = hostile_objects.browser(row, language=language).get(hostile_objects.path(row))

    assert answer.status_code == row.status
    assert_inert(answer)


def test_hostile_names_are_shown(hostile_objects: PageObjects):
    """Without this the test above could pass because no page shows them."""
    rows = {row.name: row for row in ROWS}

    def shown(name: str) -> str:
        return hostile_objects.browser(rows[name]).get(hostile_objects.path(rows[name])).text

    assert escape(STORED["company"]) in shown("workspace")
    assert escape(STORED["reason"].partition("\n")[0]) in shown("suspended")
    assert escape(STORED["company"]) in shown("admin-tenant")
