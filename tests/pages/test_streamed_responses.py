"""Responses to forms that are streamed: the stack's Traefik passes them on without keeping them.

A buffered response would have a length, which the application does not give.
"""

from collections.abc import Callable

import pytest

from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency, add_member
from tests.support.http_client import Site
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.page_table import PAGES

pytestmark = pytest.mark.usefixtures("fresh_limits")


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency()


def test_export_of_own_data_is_streamed(site: Site, agency: Agency):
    browser = logged_in(site, agency)

    answer = browser.submit("/me/export", {})

    assert_streamed(answer)
    assert answer.json()["profile"]["email"] == agency.owner.email


def test_export_of_a_person_is_streamed(site: Site, agency: Agency):
    member = add_member(agency, "ben@export.test")
    browser = logged_in(site, agency)

    answer = browser.submit(f"/people/{member.id}/export", {})

    assert_streamed(answer)
    assert answer.json()["profile"]["email"] == "ben@export.test"


def test_csv_of_the_admin_is_streamed(page_objects: PageObjects):
    row = next(row for row in PAGES if row.name == "admin-tenants")
    browser: Browser = page_objects.browser(row)
    ids = [str(page_objects.agency.ref.id)]

    answer = browser.submit(
        "/admin/tenants/tenant/", {"action": "export_csv", "_selected_action": ids}
    )

    assert_streamed(answer)
    assert page_objects.agency.slug in answer.text


def assert_streamed(answer) -> None:
    assert answer.status_code == 200, answer.text[:500]
    assert "content-length" not in answer.headers
    assert answer.headers["transfer-encoding"] == "chunked"
