"""Scheduled deletion: requests are refused at once; it can be cancelled until the due date."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from audit.models import AuditEvent
from audit.services import SYSTEM, Actor
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import ValidationFailed
from tenants.lifecycle import (
    cancel_deletion,
    mark_deleting,
    schedule_deletion,
    suspend_tenant,
    tenants_due_for_deletion,
)
from tenants.problems import TenantNotFound
from tests.support.factories import Agency

SAM = Actor("staff", "7", "sam@aggios.test")


@pytest.fixture
def scheduled_agency(new_agency: Callable[..., Agency]) -> Agency:
    agency = new_agency()
    schedule_deletion(agency.ref.id, actor=SAM)
    return agency


def actions(agency: Agency) -> list[tuple[str, str]]:
    with use_scope(PUBLIC):
        rows = AuditEvent.objects.filter(
            target_id=str(agency.ref.id), action__startswith="tenant.deletion"
        )
        return list(rows.order_by("at", "id").values_list("action", "actor_label"))


def due(agency: Agency) -> bool:
    with use_scope(PUBLIC):
        return tenants_due_for_deletion().filter(id=agency.ref.id).exists()


def test_scheduled_tenant_is_refused_with_the_due_date(scheduled_agency: Agency):
    answer = scheduled_agency.owner.at.get("/api/users/me")
    day = (timezone.now() + timedelta(days=30)).date().isoformat()

    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_suspended")
    assert answer.json()["deletion_due_at"].startswith(day)
    assert day in answer.json()["detail"]
    assert scheduled_agency.host.get("/api/health/ready").status_code == 200


def test_scheduled_page_does_not_promise_to_keep_data(scheduled_agency: Agency):
    page = scheduled_agency.host.get("/", headers={"Accept": "text/html"})

    assert page.status_code == 403
    assert "will be deleted on" in page.text
    assert "Its data is kept" not in page.text


def test_cancelled_deletion_is_served_again(scheduled_agency: Agency):
    for _ in range(2):
        cancel_deletion(scheduled_agency.ref.id, actor=SAM)

    assert scheduled_agency.owner.at.get("/api/users/me").status_code == 200
    assert actions(scheduled_agency) == [
        ("tenant.deletion_scheduled", SAM.label),
        ("tenant.deletion_called_off", SAM.label),
    ]


def test_cancelled_deletion_keeps_the_suspension(new_agency: Callable[..., Agency]):
    agency = new_agency()
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="Unpaid.")
    schedule_deletion(agency.ref.id, actor=SAM)
    cancel_deletion(agency.ref.id, actor=SAM)

    assert agency.owner.at.get("/api/users/me").json()["detail"] == "Unpaid."


def test_scheduling_again_keeps_the_due_date(scheduled_agency: Agency):
    first = scheduled_agency.ref.deletion_due_at
    schedule_deletion(scheduled_agency.ref.id, actor=SAM, days=0, export=False)

    assert scheduled_agency.ref.deletion_due_at == first
    assert not due(scheduled_agency)
    assert len(actions(scheduled_agency)) == 1


def test_deletion_is_due_on_its_day(new_agency: Callable[..., Agency]):
    agency = new_agency()
    assert not due(agency)
    schedule_deletion(agency.ref.id, actor=SAM, days=0)

    assert due(agency)


@pytest.mark.parametrize("days", [-1, 366, 10**9])
def test_grace_period_out_of_range_is_refused(acme: Agency, days: int):
    with pytest.raises(ValidationFailed) as caught:
        schedule_deletion(acme.ref.id, actor=SAM, days=days)

    assert caught.value.errors[0].field == "days"
    assert acme.owner.at.get("/api/users/me").status_code == 200


def test_started_purge_cannot_be_cancelled(scheduled_agency: Agency):
    mark_deleting(scheduled_agency.ref.id, actor=SYSTEM)

    with pytest.raises(TenantNotFound):
        cancel_deletion(scheduled_agency.ref.id, actor=SAM)
    assert due(scheduled_agency)


def test_concurrent_scheduling_is_audited_once(new_agency: Callable[..., Agency]):
    agency = new_agency()
    tenant_id = agency.ref.id

    def ask() -> None:
        schedule_deletion(tenant_id, actor=SAM)
        connections.close_all()

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert actions(agency) == [("tenant.deletion_scheduled", SAM.label)]
