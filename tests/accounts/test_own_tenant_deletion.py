"""Deletion of the own tenant: confirmed, notified to owners, cancelled by staff."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import Session
from audit.services import SYSTEM
from tenants.context import tenant_context
from tenants.lifecycle import cancel_deletion
from tests.support.accounts.invitations import audit_events
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency, add_member
from tests.support.mailbox import Mailbox

TENANT = "/api/tenant"


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    return new_agency(company="Initech")


def test_scheduled_deletion_stops_serving_and_notifies_owners(agency: Agency, mailbox: Mailbox):
    second = add_member(agency, f"own@{agency.slug}.test", role="owner")
    member = add_member(agency, f"mem@{agency.slug}.test")

    answer = agency.owner.at.delete(f"{TENANT}?confirm={agency.slug}")

    due = timezone.now() + timedelta(days=30)
    assert answer.status_code == 202
    assert answer.json()["deletion_due_at"].startswith(due.date().isoformat())
    for person in (agency.owner, second, member):
        assert status_and_code(person.at.get(TENANT)) == (403, "tenant_suspended")
    for owner in (agency.owner, second):
        mail = mailbox.wait_for(owner.email, subject="is going to be deleted")
        assert date_format(due, "DATE_FORMAT") in mail.text
        assert agency.owner.email in mail.text
    told = [mail.subject for mail in mailbox.all_to(member.email)]
    assert '"Initech" is going to be deleted' not in told
    [event] = audit_events(agency, "tenant.deletion_scheduled")
    assert event.actor_id == agency.owner.id

    cancel_deletion(agency.ref.id, actor=SYSTEM)

    assert agency.owner.at.get(TENANT).status_code == 200


def test_only_owners_can_delete(agency: Agency):
    admin = add_member(agency, "adm@x.test", role="admin")

    answer = admin.at.delete(f"{TENANT}?confirm={agency.slug}")

    assert status_and_code(answer) == (403, "permission_denied")
    assert agency.ref.deletion_due_at is None


def test_deletion_needs_recent_authentication(agency: Agency):
    with tenant_context(agency.ref):
        Session.objects.update(proved_at=timezone.now() - timedelta(days=1))

    answer = agency.owner.at.delete(f"{TENANT}?confirm={agency.slug}")

    assert status_and_code(answer) == (403, "proof_required")
    assert agency.ref.deletion_due_at is None


@pytest.mark.parametrize(
    ("query", "code"), [("", "required"), ("?confirm=acme", "mismatch"), ("?confirm=", "blank")]
)
def test_mistyped_confirmation_deletes_nothing(agency: Agency, query: str, code: str):
    answer = agency.owner.at.delete(f"{TENANT}{query}")

    assert field_errors(answer) == {("confirm", code)}
    assert agency.ref.deletion_due_at is None


def test_deletion_with_stale_etag_is_refused(agency: Agency):
    tag = agency.owner.at.get(TENANT).headers["ETag"]
    agency.owner.at.patch(TENANT, json={"name": "Other"})

    answer = agency.owner.at.request(
        "DELETE", TENANT, json={"confirm": agency.slug}, headers={"If-Match": tag}
    )

    assert status_and_code(answer) == (412, "precondition_failed")
    assert agency.ref.deletion_due_at is None
