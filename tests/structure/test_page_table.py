"""Every page has a row in tests/support/pages/page_table.py, so that it is opened and attacked."""

import string
from collections import Counter

import pytest

from tests.support.pages.page_objects import MAKERS
from tests.support.pages.page_table import FILES_FOR_PROGRAMS, PAGES
from tests.support.routes import ROUTES


@pytest.mark.parametrize("kind", sorted(set(ROUTES) - {"api"}))
def test_every_page_has_a_row(kind: str):
    pages = {route.name for route in ROUTES[kind] if not route.path.startswith("/api/")}
    rows = {row.route for row in PAGES if row.kind == kind and row.then is None}

    assert pages - rows - FILES_FOR_PROGRAMS == set()


def test_rows_name_routes_and_objects_that_exist():
    names = {route.name for routes in ROUTES.values() for route in routes}
    used = {field for row in PAGES for _, field, _, _ in string.Formatter().parse(row.path)}

    assert {row.route for row in PAGES} - names == {""}
    assert used - {None} == set(MAKERS) & used
    assert [name for name, count in Counter(row.name for row in PAGES).items() if count > 1] == []
