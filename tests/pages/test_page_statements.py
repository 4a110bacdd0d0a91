"""Pages execute as many SQL statements for long lists as for short ones."""

import pytest

from bench.harness.servers import database_of
from bench.harness.sides import StatementCounter
from bench.pages.content import Amounts, fill
from tests import stack
from tests.support.browser import Browser
from tests.support.http_client import Site
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.rows.row import OWNER, PageRow

pytestmark = pytest.mark.nightly

LISTS = {
    "home": "/",
    "files": "/files",
    "files-grid": "/files?view=grid",
    "files-found": "/files?search=file",
    "file": "/files/{file}",
    "trash": "/trash",
    "links": "/links",
    "people": "/people",
    "person": "/people/{person}",
    "invitations": "/people/invitations",
    "audit": "/audit",
    "usage": "/settings/usage",
    "keys": "/settings/keys",
    "sessions": "/me/sessions",
}
FEW, MANY = 3, 60
# The least counts: processes in the background use the database too.
COUNTED = 5
WARM_UP = 6


@pytest.fixture(scope="module")
def short_and_long(site: Site) -> tuple[PageObjects, PageObjects]:
    """Two workspaces, one with few rows in each list and one with many."""
    workspaces = PageObjects(site, "few"), PageObjects(site, "many")
    for objects, count in zip(workspaces, (FEW, MANY), strict=True):
        fill(objects, Amounts(count, count, count, count, count))
    return workspaces


@pytest.mark.parametrize("name", LISTS)
def test_long_list_needs_no_more_statements_than_a_short_one(
    short_and_long: tuple[PageObjects, PageObjects], name: str
) -> None:
    short, long = (_statements(objects, LISTS[name]) for objects in short_and_long)

    assert sum(long.values()) <= sum(short.values()), long


def _statements(objects: PageObjects, path: str) -> dict[str, int]:
    browser = objects.browser(PageRow("list", "tenant", path, who=OWNER))
    path = path.format_map(objects)
    for _ in range(WARM_UP):
        assert browser.get(path).status_code == 200
    return min((_counted(browser, path) for _ in range(COUNTED)), key=lambda one: sum(one.values()))


def _counted(browser: Browser, path: str) -> dict[str, int]:
    database = database_of(stack.env["DATABASE_URL"])
    counter = StatementCounter(stack.env["DATABASE_SUPERUSER_URL"], database)
    counter.start()
    assert browser.get(path).status_code == 200
    return counter.read()
