"""Each page: it cannot be framed, opening it changes nothing, and others cannot open it."""

import pytest

from tests.support.browser import Browser
from tests.support.http_client import Site
from tests.support.pages.hostile import ROWS, assert_redirect_is_own, each
from tests.support.pages.page_objects import PageObjects
from tests.support.pages.rows.row import PUBLIC, PageRow
from tests.support.table_dumps import dump_tables

pytestmark = pytest.mark.usefixtures("fresh_limits")

OPEN = {(row.kind, row.path) for row in ROWS if row.who == PUBLIC}
PRIVATE = [row for row in ROWS if row.who != PUBLIC and (row.kind, row.path) not in OPEN]
OF_A_TENANT = [row for row in ROWS if row.kind == "tenant" and "{" in row.path]
# The mailer and requests themselves change these at any time.
VOLATILE = ("accounts_letter", "accounts_maillink", "accounts_session")
TRAIL = ("audit_auditevent", "audit_auditlink")  # downloads are recorded
LOG_IN_PATHS = {"/login", "/admin/login/"}


@each([row for row in ROWS if not row.is_framed])
def test_page_cannot_be_framed(page_objects: PageObjects, row: PageRow):
    answer = page_objects.browser(row).get(page_objects.path(row))

    assert answer.status_code == row.status
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


@each([row for row in ROWS if row.kind == "tenant"])
def test_opening_a_page_changes_nothing(page_objects: PageObjects, row: PageRow):
    browser, path = page_objects.browser(row), page_objects.path(row)
    before = dump_tables(page_objects.agency.slug, without=VOLATILE + TRAIL)

    browser.get(path)

    assert dump_tables(page_objects.agency.slug, without=VOLATILE + TRAIL) == before


@each(PRIVATE)
def test_private_page_without_log_in_is_not_shown(
    site: Site, page_objects: PageObjects, row: PageRow
):
    anonymous = Browser(site, page_objects.label(row.kind))

    answer = anonymous.get(page_objects.path(row))

    if answer.status_code in {302, 303}:
        assert answer.headers["location"].partition("?")[0] in LOG_IN_PATHS
    elif row.shows_visitors:
        assert 'class="shell-nav"' not in answer.text
        assert page_objects.agency.owner.email not in answer.text
    else:
        assert answer.status_code in {401, 403, 404, 405}


@each(OF_A_TENANT)
def test_ids_of_another_tenant_are_not_found(
    page_objects: PageObjects, hostile_objects: PageObjects, row: PageRow
):
    answer = hostile_objects.browser(row).get(page_objects.path(row))

    assert answer.status_code in {302, 303, 403, 404, 405}
    assert_redirect_is_own(answer)
    assert page_objects.texts["company"] not in answer.text
