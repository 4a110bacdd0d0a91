"""Support access: asked for by staff, granted by an owner, read in the admin, recorded."""

from datetime import timedelta

import pytest
from django.utils import timezone
from uuid6 import uuid7

from accounts.models import Session
from audit.models import AuditEvent
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import tenant_context
from tenants.support_access.models import SupportAccess
from tests.support.accounts.invitations import update_user_row
from tests.support.browser import Browser, logged_in
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file
from tests.support.http_client import BASE_DOMAIN, PASSWORD, Site
from tests.support.mailbox import Mailbox
from tests.support.support_access import (
    REASON,
    RIGHTS,
    ask,
    can_read,
    decide,
    give_up,
    grant,
    public_steps,
    rows_of,
    staff_of,
    steps,
    support_path,
)

pytestmark = pytest.mark.usefixtures("fresh_limits")

SECTIONS = ("people", "sessions", "files", "usage", "audit")


def test_request_is_shown_and_mailed_to_owners(
    support: Browser, owner: Browser, agency: Agency, mailbox: Mailbox
) -> None:
    admin = add_member(agency, f"ad@{agency.slug}.test", "admin")
    assert "support asks to see" not in owner.get("/").text

    access = ask(support, agency)

    sam = staff_of(support).email
    assert (access.granted_at, access.ended_at, access.hours) == (None, None, 2)
    assert "support asks to see this workspace." in owner.get("/").text
    assert REASON in owner.get("/settings/support").text
    mail = mailbox.wait_for(agency.owner.email, subject="Support asks for access")
    assert sam in mail.text
    assert REASON in mail.text
    assert f"{agency.slug}.{BASE_DOMAIN}" in mail.text
    assert "/settings/support" in mail.text
    assert not [m for m in mailbox.all_to(admin.email) if "Support asks" in m.subject]
    assert not can_read(support, agency)
    assert steps(agency) == [("support.requested", sam, REASON)]
    assert public_steps(agency) == [("support.requested", sam, REASON)]


def test_granted_access_shows_sections_and_records_each(
    support: Browser, owner: Browser, agency: Agency
) -> None:
    add_file(agency.owner.at, "secret plan.txt", b"the very content")
    grant(owner, ask(support, agency), hours="3")

    pages = {name: support.get(support_path(agency, name)) for name in SECTIONS}

    assert {name: page.status_code for name, page in pages.items()} == dict.fromkeys(SECTIONS, 200)
    for page in pages.values():
        assert "with the consent of its owner, until" in page.text
        assert "no-store" in page.headers["cache-control"]
        assert "the very content" not in page.text
    assert agency.owner.email in pages["people"].text
    assert "secret plan.txt" in pages["files"].text
    assert "python-httpx" in pages["sessions"].text
    assert "support.granted" in pages["audit"].text
    sam = staff_of(support).email
    viewed = [("support.viewed", sam, name) for name in SECTIONS]
    assert steps(agency)[2:] == public_steps(agency)[2:] == viewed
    assert steps(agency)[1] == ("support.granted", agency.owner.email, "")
    assert public_steps(agency)[1] == ("support.granted", "", "")  # no address of a user
    [access] = rows_of(agency)
    assert access.expires_at - access.granted_at == timedelta(hours=3)
    assert str(access.owner_id) == agency.owner.id
    assert "support sees this workspace until" in owner.get("/").text


def test_nothing_is_read_before_decision_and_after_refusal(
    support: Browser, owner: Browser, agency: Agency
) -> None:
    assert not can_read(support, agency)
    access = ask(support, agency)
    assert not can_read(support, agency)

    done = decide(owner, access, "refuse")

    assert done.headers["location"] == "/settings/support?notice=support_refused"
    assert not can_read(support, agency)
    assert decide(owner, access, "grant", hours="2").status_code == 409
    [row] = rows_of(agency)
    assert (row.granted_at, row.end_reason) == (None, "refused")
    assert [step[0] for step in steps(agency)] == ["support.requested", "support.ended"]


def test_grant_opens_one_tenant_to_one_staff_user(
    staff_browser, support: Browser, owner: Browser, agency: Agency, new_agency
) -> None:
    other, colleague = new_agency(), staff_browser(*RIGHTS)
    ask(support, other)
    ask(colleague, agency)

    grant(owner, ask(support, agency))

    assert can_read(support, agency)
    assert not can_read(support, other)
    assert not can_read(colleague, agency)
    assert [step[0] for step in steps(other)] == ["support.requested"]


def test_owner_of_another_tenant_decides_nothing(
    site: Site, support: Browser, owner: Browser, agency: Agency, new_agency
) -> None:
    other_owner = logged_in(site, new_agency())
    access = ask(support, agency)

    answers = [
        decide(other_owner, access, verb, hours="2").status_code
        for verb in ("grant", "refuse", "end")
    ]

    assert answers == [404, 404, 404]
    assert other_owner.get(f"/settings/support/{access.pk}/grant").status_code == 404
    assert SupportAccess.objects.get(pk=access.pk).ended_at is None
    assert [step[0] for step in steps(agency)] == ["support.requested"]


@pytest.mark.parametrize("role", ["admin", "member"])
def test_only_owners_decide(site: Site, support: Browser, agency: Agency, role: str) -> None:
    person = add_member(agency, f"{role}@{agency.slug}.test", role)
    browser, access = logged_in(site, agency, person), ask(support, agency)

    page = browser.get("/settings/support")
    answers = [
        decide(browser, access, verb, hours="2").status_code for verb in ("grant", "refuse", "end")
    ]

    assert page.status_code == (200 if role == "admin" else 403)
    assert f"/settings/support/{access.pk}/" not in page.text
    assert "support asks to see" not in browser.get("/").text
    assert answers == [403, 403, 403]
    [row] = rows_of(agency)
    assert (row.granted_at, row.ended_at) == (None, None)


def test_grant_needs_recent_authentication_and_refusal_does_not(
    support: Browser, owner: Browser, agency: Agency
) -> None:
    access = ask(support, agency)
    with tenant_context(agency.ref):
        Session.objects.update(proved_at=timezone.now() - timedelta(days=1))

    sent = decide(owner, access, "grant", hours="2")

    path = f"/settings/support/{access.pk}/grant"
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/reauthenticate?next=")
    assert rows_of(agency)[0].granted_at is None
    assert owner.get(path).status_code == 303
    proved = owner.submit(sent.headers["location"], {"password": PASSWORD, "next": path})
    assert proved.headers["location"] == path
    grant(owner, access)
    with tenant_context(agency.ref):
        Session.objects.update(proved_at=timezone.now() - timedelta(days=1))
    assert decide(owner, access, "end").status_code == 303
    assert not can_read(support, agency)


def test_demoted_owner_cannot_grant(
    site: Site, support: Browser, owner: Browser, agency: Agency
) -> None:
    second = add_member(agency, f"two@{agency.slug}.test", "owner")
    browser, access = logged_in(site, agency, second), ask(support, agency)
    update_user_row(agency, second.email, role="admin")

    assert decide(browser, access, "grant", hours="2").status_code == 403
    assert rows_of(agency)[0].granted_at is None


def test_access_changes_nothing(support: Browser, owner: Browser, agency: Agency) -> None:
    grant(owner, ask(support, agency))
    path, people = support_path(agency), support_path(agency, "people")

    forged = support.post(path, {"verb": "give_up"})
    sent = [support.client.request(m, people).status_code for m in ("POST", "PUT", "DELETE")]
    odd = [support.get(f"{people}?page={text}").status_code for text in ("0", "x", "1001", "٣")]
    unknown = support.get(support_path(agency, "keys")).status_code

    assert forged.status_code == 403
    assert set(sent) <= {403, 405}
    assert odd == [400] * 4
    assert unknown == 404
    assert can_read(support, agency)


def test_many_former_requests_hide_no_open_one(
    staff_browser, support: Browser, owner: Browser, agency: Agency
) -> None:
    access, colleague = ask(support, agency), staff_of(staff_browser(*RIGHTS))
    grant(owner, access)
    later = timezone.now() + timedelta(minutes=1)
    former = SupportAccess(
        tenant_id=agency.ref.id,
        staff_id=colleague.pk,
        staff_label=colleague.email,
        reason=REASON,
        hours=1,
        requested_at=later,
        answer_by=later,
        ended_at=later,
        end_reason="withdrawn",
    )
    for _ in range(60):
        former.pk = uuid7()
        former.save(force_insert=True)

    page = owner.get("/settings/support").text

    assert f"/settings/support/{access.pk}/end" in page
    assert page.count(f"<td>{colleague.email}</td>") == 50


def test_given_up_access_is_over_and_can_be_asked_for_again(
    support: Browser, owner: Browser, agency: Agency
) -> None:
    grant(owner, ask(support, agency))

    assert give_up(support, agency).status_code == 302

    assert not can_read(support, agency)
    again = ask(support, agency)
    assert not can_read(support, agency)
    grant(owner, again)
    assert can_read(support, agency)
    with use_scope(PUBLIC):
        assert AuditEvent.objects.filter(
            action="support.ended", target_id=str(agency.ref.id)
        ).exists()
