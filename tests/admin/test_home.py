"""The home of the admin: figures that match the database, for staff who may see their lists."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.services import SYSTEM, Target, record
from operations.usage import measure_tenant
from staff.home import figures
from tenants.context import ref_of, tenant_context
from tenants.models import DailyUsage, RequestCount, Tenant, Usage
from tenants.queries import verified_trail_head
from tests.admin.test_tenants import LIST, tenants_at
from tests.support.browser import Browser

HOME = "/admin/"
TODAY = datetime.now(UTC).date()


def figure(page: str, title: str) -> str:
    """Return the text of a figure of the home."""
    found = re.search(rf"<dt>{title}</dt><dd>(?:<a [^>]*>)?([^<]*)<", page)
    assert found, title
    return found[1].replace(",", "")


def rows_of(page: str) -> int:
    """Return the number of tenants in a list of at most one page."""
    found = re.search(r"(\d+) workspaces?\s", page)
    assert found
    return int(found[1])


def test_numbers_match_database(superuser_browser: Browser, new_agency) -> None:
    suspended, broken, overdue, deleting = (tenants_at(new_agency().slug)[0] for _ in range(4))
    Tenant.objects.filter(pk=suspended.pk).update(status="suspended")
    Tenant.objects.filter(pk=broken.pk).update(maintenance="migration_failed")
    Tenant.objects.filter(pk=overdue.pk).update(deletion_due_at=timezone.now() - timedelta(1))
    Tenant.objects.filter(pk=deleting.pk).update(status="deleting")

    page = superuser_browser.get(HOME).text

    tenants = Tenant.objects
    assert figure(page, "Workspaces") == str(tenants.count())
    assert figure(page, "suspended") == str(tenants.filter(status="suspended").count())
    assert figure(page, "Purges that are not finished") == str(
        tenants.filter(status="deleting").count()
    )
    assert int(figure(page, "Failed updates")) >= 1
    assert int(figure(page, "Deletions that are overdue")) >= 1
    assert page.count("Free disk of this machine") == 1
    Tenant.objects.filter(pk__in=[deleting.pk, overdue.pk]).update(
        status="active", deletion_due_at=None
    )
    Tenant.objects.filter(pk=broken.pk).update(maintenance="")


@pytest.mark.parametrize("state", ["serving", "suspended", "overdue", "deleting", "unmigrated"])
def test_number_is_that_of_its_list(superuser_browser: Browser, acme, state: str) -> None:
    page = superuser_browser.get(HOME).text
    [number] = re.findall(rf'href="{LIST}\?state={state}">([^<]*)<', page)

    listed = superuser_browser.get(LIST, params={"state": state}).text

    assert rows_of(listed) == int(number.replace(",", ""))


def test_storage_requests_and_failed_emails_are_sums(superuser_browser, new_agency) -> None:
    tenant = tenants_at(new_agency().slug)[0]
    measure_tenant(tenant)
    Usage.objects.filter(pk=tenant.pk).update(failed_emails=7, object_bytes=5 * 1024**4)
    DailyUsage.objects.create(
        tenant=tenant, day=TODAY - timedelta(3), storage_bytes=3 * 1024**5, files=1
    )
    RequestCount.objects.update_or_create(
        tenant=tenant, day=TODAY - timedelta(2), defaults={"count": 123456}
    )

    page = superuser_browser.get(HOME).text
    listed = superuser_browser.get(LIST, params={"state": "mail"}).text

    assert figure(page, "Failed e-mails") == str(
        Usage.objects.aggregate(s=Sum("failed_emails"))["s"]
    )
    assert tenant.name in listed
    assert "3 PiB" in page
    assert "TiB now" in page
    requests = RequestCount.objects.filter(day=TODAY - timedelta(2)).aggregate(s=Sum("count"))["s"]
    assert f"{requests:,}" in page
    Usage.objects.filter(pk=tenant.pk).delete()
    DailyUsage.objects.filter(tenant=tenant).delete()


def test_measuring_counts_failed_emails(new_agency) -> None:
    tenant = tenants_at(new_agency().slug)[0]
    before = measure_tenant(tenant).failed_emails
    with tenant_context(ref_of(tenant)):
        record("mail.given_up", actor=SYSTEM, target=Target("letter", "1", "a@acme.test"))

    assert measure_tenant(tenant).failed_emails == (before or 0) + 1


def test_figures_are_for_those_who_may_see_the_list(staff_browser) -> None:
    outsider = staff_browser().get(HOME).text
    viewer = staff_browser("view_tenant").get(HOME).text
    operator = staff_browser("view_fleetrun").get(HOME).text
    security = staff_browser("view_auditevent").get(HOME).text

    for page in (outsider, viewer, operator, security):
        assert "File store" in page
    assert [("Workspaces by state" in page) for page in (outsider, viewer, operator, security)] == [
        False,
        True,
        False,
        False,
    ]
    assert [("Free disk" in page) for page in (outsider, viewer, operator)] == [False, False, True]
    assert [("Audit trail verified" in page) for page in (outsider, security)] == [False, True]


def test_figures_take_seven_queries_whatever_the_number_of_tenants(committed) -> None:
    with CaptureQueriesContext(connection) as taken:
        figures.tenants_by_state()
        figures.stored_now_and_by_day()
        figures.signups_by_day()
        figures.requests_by_day()
        figures.last_migration()
        verified_trail_head(None)

    assert len(taken) <= 7
    assert not [query for query in taken.captured_queries if '"t_' in query["sql"]]


def test_page_has_no_inline_style_or_script(superuser_browser: Browser) -> None:
    page = superuser_browser.get(HOME)

    assert not re.search(r"\sstyle=|<style|\son\w+=", page.text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert "style-src 'self'" in page.headers["content-security-policy"]


def test_page_is_in_portuguese(staff_browser, site) -> None:
    browser = staff_browser("view_tenant", "view_fleetrun")

    page = browser.get(HOME, headers={"Accept-Language": "pt-BR"}).text

    assert "Espaços de trabalho por estado" in page
    assert "Workspaces by state" not in page
