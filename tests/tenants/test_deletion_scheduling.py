"""A tenant that is to be deleted: off the air at once, called off until its day."""

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
from tenants.lifecycle import cancel_deletion, schedule_deletion, tenants_due_for_deletion
from tenants.problems import TenantNotFound
from tenants.services import mark_deleting, suspend_tenant
from tests.support.factories import Agency

SAM = Actor("staff", "7", "sam@aggios.test")


@pytest.fixture
def leaving(new_agency: Callable[..., Agency]) -> Agency:
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


def test_nobody_is_served_and_the_day_is_named(leaving: Agency):
    answer = leaving.owner.at.get("/api/users/me")
    day = (timezone.now() + timedelta(days=30)).date().isoformat()

    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_suspended")
    assert answer.json()["deletion_due_at"].startswith(day)
    assert day in answer.json()["detail"]
    assert leaving.host.get("/api/health/ready").status_code == 200


def test_the_page_does_not_promise_that_the_data_is_kept(leaving: Agency):
    page = leaving.host.get("/", headers={"Accept": "text/html"})

    assert page.status_code == 403
    assert "will be deleted on" in page.text
    assert "Its data is kept" not in page.text


def test_called_off_it_is_served_as_before(leaving: Agency):
    for _ in range(2):
        cancel_deletion(leaving.ref.id, actor=SAM)

    assert leaving.owner.at.get("/api/users/me").status_code == 200
    assert actions(leaving) == [
        ("tenant.deletion_scheduled", SAM.label),
        ("tenant.deletion_called_off", SAM.label),
    ]


def test_a_suspended_one_stays_suspended(new_agency: Callable[..., Agency]):
    agency = new_agency()
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="Unpaid.")
    schedule_deletion(agency.ref.id, actor=SAM)
    cancel_deletion(agency.ref.id, actor=SAM)

    assert agency.owner.at.get("/api/users/me").json()["detail"] == "Unpaid."


def test_asking_again_does_not_move_the_day(leaving: Agency):
    first = leaving.ref.deletion_due_at
    schedule_deletion(leaving.ref.id, actor=SAM, days=0, export=False)

    assert leaving.ref.deletion_due_at == first
    assert not due(leaving)
    assert len(actions(leaving)) == 1


def test_it_is_due_on_its_day_and_not_before(new_agency: Callable[..., Agency]):
    agency = new_agency()
    assert not due(agency)
    schedule_deletion(agency.ref.id, actor=SAM, days=0)

    assert due(agency)


@pytest.mark.parametrize("days", [-1, 366, 10**9])
def test_a_grace_period_has_bounds(acme: Agency, days: int):
    with pytest.raises(ValidationFailed) as caught:
        schedule_deletion(acme.ref.id, actor=SAM, days=days)

    assert caught.value.errors[0].field == "days"
    assert acme.owner.at.get("/api/users/me").status_code == 200


def test_once_the_purge_has_begun_it_is_final(leaving: Agency):
    mark_deleting(leaving.ref.id, actor=SYSTEM)

    with pytest.raises(TenantNotFound):
        cancel_deletion(leaving.ref.id, actor=SAM)
    assert due(leaving)


def test_many_ask_at_once_and_one_is_recorded(new_agency: Callable[..., Agency]):
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
