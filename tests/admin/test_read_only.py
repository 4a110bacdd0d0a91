"""Read-only pages: usage, certificates, fleet runs; and tokens, which can be revoked."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.services import SYSTEM
from operations.usage import measure_tenant
from staff.models import StaffToken
from staff.tokens import issue_token
from tenants.models import DeletionCertificate, FleetOutcome, FleetRun
from tenants.schemas.owner import owner_connection
from tests.admin.test_tenants import LIST, page_of, tenants_at, token_of
from tests.support.browser import Browser
from tests.support.http_client import Site
from tests.support.staff_audit import assert_recorded

CERTIFICATES, RUNS = "/admin/tenants/deletioncertificate/", "/admin/tenants/fleetrun/"
TOKENS = "/admin/staff/stafftoken/"
HOUR = timedelta(hours=1)


def test_usage_is_shown_on_page_and_list(superuser_browser: Browser, new_agency) -> None:
    agency = new_agency()
    before = superuser_browser.get(page_of(agency.slug)).text
    usage = measure_tenant(tenants_at(agency.slug)[0])

    page, listed = (
        superuser_browser.get(page_of(agency.slug)).text,
        superuser_browser.get(LIST, params={"q": agency.slug}).text,
    )

    assert "Not measured yet." in before
    assert f"{usage.rows} rows" in page
    assert "KB + 0" in listed.replace("\xa0", " ")


@pytest.fixture
def certificate(committed):
    made = DeletionCertificate.objects.create(
        tenant_id=uuid.uuid4(),
        name="Gone & Co",
        subdomain="gone",
        purged_at=timezone.now(),
        document={"rows": {"accounts_user": 3}},
        digest="a" * 64,
    )
    yield made
    with owner_connection().cursor() as cursor:
        cursor.execute("DELETE FROM tenants_deletioncertificate WHERE id = %s", [made.pk])


def test_certificates_are_read_only(
    superuser_browser: Browser, certificate: DeletionCertificate
) -> None:
    listed = superuser_browser.get(CERTIFICATES, params={"q": "gone"}).text
    page = superuser_browser.get(f"{CERTIFICATES}{certificate.pk}/change/").text

    assert "Gone &amp; Co" in listed
    assert "accounts_user&quot;: 3" in page
    assert 'name="_save"' not in page
    for path in (f"{CERTIFICATES}add/", f"{CERTIFICATES}{certificate.pk}/delete/"):
        assert superuser_browser.get(path).status_code == 403


@pytest.fixture
def run(committed):
    made = FleetRun.objects.using("owner").create(command="migrate_schemas", total=2)
    for slug, done in (("fine", True), ("broken", False)):
        FleetOutcome.objects.using("owner").create(
            run=made, tenant_id=uuid.uuid4(), slug=slug, succeeded=done, seconds=1.5, detail="Why."
        )
    yield made
    made.delete(using="owner")


def test_fleet_runs_are_read_only(superuser_browser: Browser, run: FleetRun) -> None:
    listed, page = (
        superuser_browser.get(RUNS).text,
        superuser_browser.get(f"{RUNS}{run.pk}/change/").text,
    )

    assert "migrate_schemas" in listed
    assert "broken" in page
    assert ">fine<" not in page
    assert superuser_browser.get(f"{RUNS}add/").status_code == 403


def test_viewing_requires_permission(staff_browser) -> None:
    outsider, reader = staff_browser(), staff_browser("view_deletioncertificate", "view_fleetrun")

    assert {outsider.get(path).status_code for path in (CERTIFICATES, RUNS)} == {403}
    assert {reader.get(path).status_code for path in (CERTIFICATES, RUNS)} == {200}


def end(browser: Browser, token: StaffToken) -> None:
    form = {"action": "end", "_selected_action": str(token.pk), "index": "0"}
    browser.post(TOKENS, {**form, **token_of(browser)})


def is_ended(token: StaffToken) -> bool:
    token.refresh_from_db()
    return token.revoked_at is not None


def test_revoked_token_ends_at_once(site: Site, superuser_browser: Browser, new_staff) -> None:
    issued = issue_token(new_staff("view_tenant"), lifetime=HOUR, actor=SYSTEM, name="ci")
    host = site.host().with_token(issued.text)
    assert host.get("/api/tenants").status_code == 200

    listed = superuser_browser.get(TOKENS).text
    end(superuser_browser, issued.row)

    assert "ci" in listed
    assert issued.text not in listed
    assert host.get("/api/tenants").status_code == 401
    assert_recorded("staff.token_revoked", by=superuser_browser.staff, target_id=str(issued.row.pk))


def test_own_tokens_can_be_revoked_and_others_not(staff_browser, new_staff) -> None:
    clerk, other = staff_browser(), new_staff()
    own = issue_token(clerk.staff, lifetime=HOUR, actor=SYSTEM, name="mine").row
    others = issue_token(other, lifetime=HOUR, actor=SYSTEM, name="theirs").row

    listed = clerk.get(TOKENS).text
    for token in (own, others):
        end(clerk, token)

    assert "mine" in listed
    assert "theirs" not in listed
    assert (is_ended(own), is_ended(others)) == (True, False)
    assert clerk.get(f"{TOKENS}{others.pk}/change/").status_code in {302, 404}


def test_token_of_superuser_cannot_be_revoked_by_others(staff_browser, new_staff) -> None:
    manager = staff_browser("view_staffuser", "change_staffuser")
    chief = issue_token(new_staff(is_superuser=True), lifetime=HOUR, actor=SYSTEM).row
    peer = issue_token(new_staff(), lifetime=HOUR, actor=SYSTEM).row

    for token in (chief, peer):
        end(manager, token)

    assert (is_ended(chief), is_ended(peer)) == (False, True)
