"""Anonymisation of audit events: personal data is cleared, actions and times stay."""

import pytest
from django.db import DatabaseError, transaction

from audit.models import AuditEvent
from audit.services import ANONYMOUS, Actor, Target, anonymise_events, record
from core.request_context import RequestContext, use_request_context
from tenants.context import TenantRef, tenant_context
from tests.support.audit import ADA, BEN

AS_BEN = Actor(BEN.type, BEN.id, BEN.label)
FROM_HOME = RequestContext(client_address="203.0.113.9", user_agent="Bens browser")


def shown() -> list[tuple]:
    """Return the personal data in the events of this test, oldest first."""
    fields = ("actor_label", "target_label", "ip", "user_agent")
    return list(AuditEvent.objects.filter(action="test.x").order_by("id").values_list(*fields))


def test_anonymised_events_lose_only_personal_data(trail: TenantRef):
    with tenant_context(trail), use_request_context(FROM_HOME):
        record("test.x", actor=AS_BEN, target=Target("file", "7", "plan.txt"))
        record("test.x", actor=ADA, target=Target("session", "8", BEN.label))
        record("test.x", actor=ANONYMOUS, target=Target("user", "", BEN.label.upper()))
        record("test.x", actor=ADA, target=Target("user", ADA.id, ADA.label))

        count = anonymise_events(BEN.id, actor=ADA)

        assert shown() == [
            ("", "plan.txt", None, ""),
            (ADA.label, "", "203.0.113.9", "Bens browser"),
            ("", "", None, ""),
            (ADA.label, ADA.label, "203.0.113.9", "Bens browser"),
        ]
        event = AuditEvent.objects.get(action="person.erased")
        assert (event.target_id, event.target_label) == (BEN.id, "")
        assert (event.actor_label, event.details) == (ADA.label, {"events": count})
        assert count == 5 + 3
        assert anonymise_events(BEN.id, actor=ADA) == 0


def test_self_erasure_is_anonymous_too(trail: TenantRef):
    with tenant_context(trail), use_request_context(FROM_HOME):
        anonymise_events(BEN.id, actor=AS_BEN)

        event = AuditEvent.objects.get(action="person.erased")
    assert (event.actor_id, event.actor_label) == (BEN.id, "")
    assert (event.ip, event.user_agent) == (None, "")


def test_later_user_with_same_address_is_kept(trail: TenantRef):
    with tenant_context(trail):
        record("test.x", actor=ADA, target=Target("user", "another-id", BEN.label))

        anonymise_events(BEN.id)

        assert shown() == [(ADA.label, BEN.label, None, "")]


@pytest.mark.parametrize("held", ["before", "afterwards"])
def test_other_users_with_same_address_are_kept(make_tenant, held: str):
    """Also in events that identify the user only by the e-mail address."""

    def of(holder: Target) -> None:
        record("test.x", actor=ADA, target=holder)
        record("test.x", actor=ADA, target=Target("session", "8", holder.label.upper()))
        record("test.x", actor=ANONYMOUS, target=Target("user", "", holder.label))
        record("test.x", actor=ADA, target=holder)

    other = Target("user", "another-id", BEN.label)
    of_other = [(ADA.label, label, None, "") for label in (BEN.label, BEN.label.upper())]
    of_other += [("", BEN.label, None, ""), of_other[0]]
    of_ben = [(ADA.label, "", None, "")] * 2 + [("", "", None, ""), (ADA.label, "", None, "")]
    with tenant_context(make_tenant()):
        for holder in (other, BEN) if held == "before" else (BEN, other):
            of(holder)

        anonymise_events(BEN.id)

        assert shown() == (of_other + of_ben if held == "before" else of_ben + of_other)


def test_events_of_same_transaction_are_anonymised(trail: TenantRef):
    with tenant_context(trail), transaction.atomic():
        record("test.x", actor=ADA, target=BEN)
        anonymise_events(BEN.id, actor=ADA)
    with tenant_context(trail):
        assert shown() == [(ADA.label, "", None, "")]


def test_rolled_back_erasure_changes_nothing(trail: TenantRef):
    with tenant_context(trail):
        with pytest.raises(RuntimeError), transaction.atomic():
            anonymise_events(BEN.id)
            raise RuntimeError
        assert AuditEvent.objects.filter(target_label=BEN.label).count() == 5


def test_other_tenants_trail_is_unchanged(trail: TenantRef, make_tenant):
    other = make_tenant()
    with tenant_context(other):
        record("test.x", actor=ADA, target=BEN)

    with tenant_context(trail):
        anonymise_events(BEN.id)

    with tenant_context(other):
        assert shown() == [(ADA.label, BEN.label, None, "")]


def test_erasure_without_user_is_refused(trail: TenantRef):
    with tenant_context(trail), pytest.raises(DatabaseError, match="must name a person"):
        anonymise_events("")
