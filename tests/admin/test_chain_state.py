"""The state of audit chains in the admin: when they were verified, and what was found."""

import pytest
from django.core.management import CommandError, call_command

from tenants.models import TrailHead
from tests.admin.test_tenants import page_of
from tests.support.browser import Browser, logged_in
from tests.support.http_client import Site

EVENTS = "/admin/audit/auditevent/"


def verify(*arguments: str) -> None:
    call_command("verify_audit", *arguments, verbosity=0)


def test_verified_platform_trail_is_shown_on_home_and_list(staff_browser) -> None:
    verify("--platform")
    browser = staff_browser("view_auditevent")

    home, listed = browser.get("/admin/").text, browser.get(EVENTS).text

    count = TrailHead.objects.get(tenant=None).sequence
    assert f"whole, {count} event" in home
    assert 'class="chain-state good"' in listed
    assert f"whole, {count} event" in listed


def test_result_of_tenant_is_shown_on_its_page(
    site: Site, superuser_browser: Browser, superuser, new_agency
) -> None:
    agency = new_agency()
    owner = logged_in(site, agency)
    unknown = superuser_browser.get(page_of(agency.slug)).text
    verify("--tenant", agency.slug)
    whole = superuser_browser.get(page_of(agency.slug)).text
    stored = TrailHead.objects.get(tenant=agency.ref.id)
    superuser.execute(f"UPDATE {agency.ref.schema_name}.audit_auditevent SET action = 'forged.x'")
    with pytest.raises(CommandError):
        verify("--tenant", agency.slug)

    broken = superuser_browser.get(page_of(agency.slug)).text

    assert "<dt>Audit trail verified</dt><dd>not yet</dd>" in unknown
    assert f"whole, {stored.sequence} event" in whole
    assert "NOT WHOLE: " in broken
    assert "The last verification found events that were changed" in owner.get("/audit").text
    head = TrailHead.objects.get(tenant=agency.ref.id)
    assert head.faults > 0
    assert (head.sequence, head.hash) == (stored.sequence, stored.hash)  # no new anchor
    assert head.verified_at == stored.verified_at < head.checked_at


def test_trail_that_never_was_intact_is_verified_again(site: Site, superuser, new_agency) -> None:
    agency = new_agency()
    superuser.execute(f"UPDATE {agency.ref.schema_name}.audit_auditevent SET action = 'forged.x'")
    for _ in range(2):  # the housekeeper does not take it for verified
        with pytest.raises(CommandError):
            verify("--tenant", agency.slug, "--older-than", "86400")

    head = TrailHead.objects.get(tenant=agency.ref.id)
    assert (head.sequence, head.hash, head.verified_at) == (0, "", None)
    page = logged_in(site, agency).get("/audit").text
    assert "The last verification found events that were changed" in page
