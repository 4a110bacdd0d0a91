"""The staff API: off the air and back, and the way to a deletion."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from audit.models import AuditEvent
from tenants.models import Tenant
from tests.staff.test_tenants import at, faults
from tests.support.factories import Agency
from tests.support.http_client import Host
from tests.support.staff_audit import assert_recorded


def statuses(agency: Agency, count: int = 12) -> set[int]:
    """What its owner sees, asked often enough to meet every worker."""
    return {agency.owner.at.get("/api/users/me").status_code for _ in range(count)}


def events(agency: Agency, action: str) -> int:
    return AuditEvent.objects.filter(action=action, target_id=str(agency.ref.id)).count()


def test_suspended_and_resumed_at_once(sue: Host, new_agency) -> None:
    agency = new_agency()

    suspended = sue.post(f"{at(agency)}/suspend", {"reason": "Unpaid."})
    between = statuses(agency)
    detail = agency.owner.at.get("/api/users/me").json()["detail"]
    resumed = sue.post(f"{at(agency)}/resume")

    assert (suspended.status_code, suspended.json()["status"]) == (200, "suspended")
    assert suspended.json()["suspended_reason"] == detail == "Unpaid."
    assert between == {403}
    assert (resumed.status_code, resumed.json()["status"]) == (200, "active")
    assert statuses(agency) == {200}
    assert assert_recorded("tenant.suspended", by=sue.staff).details == {"reason": "Unpaid."}
    assert_recorded("tenant.resumed", by=sue.staff)


def test_repeating_changes_nothing(sue: Host, new_agency) -> None:
    agency = new_agency()

    first = sue.post(f"{at(agency)}/suspend", {"reason": "One."}).json()
    second = sue.post(f"{at(agency)}/suspend", {"reason": "Two."})
    sue.post(f"{at(agency)}/resume")
    again = sue.post(f"{at(agency)}/resume")

    assert (second.status_code, second.json()) == (200, first)
    assert (again.status_code, again.json()["status"]) == (200, "active")
    assert (events(agency, "tenant.suspended"), events(agency, "tenant.resumed")) == (1, 1)


@pytest.mark.parametrize("reason", ["x" * 401, ["a"], None, "a\x00b"])
def test_a_reason_that_cannot_be_shown_is_refused(sue: Host, new_agency, reason: Any) -> None:
    agency = new_agency()

    answer = sue.post(f"{at(agency)}/suspend", {"reason": reason})

    assert {field for field, _ in faults(answer)} == {"reason"}
    assert statuses(agency, 1) == {200}


def test_a_deletion_is_scheduled_and_called_off(sue: Host, new_agency) -> None:
    agency = new_agency()

    answer = sue.delete(at(agency))
    between = agency.owner.at.get("/api/users/me")
    called_off = sue.post(f"{at(agency)}/cancel-deletion")

    assert answer.status_code == 202
    body = answer.json()
    asked, due = (
        datetime.fromisoformat(body[f"deletion_{name}_at"]) for name in ("requested", "due")
    )
    assert due - asked == timedelta(days=30)
    assert (between.status_code, between.json()["code"]) == (403, "tenant_suspended")
    assert body["deletion_due_at"][:10] in between.json()["detail"]
    assert (called_off.status_code, called_off.json()["deletion_due_at"]) == (200, None)
    assert statuses(agency) == {200}
    assert_recorded("tenant.deletion_scheduled", by=sue.staff, target_id=body["id"])
    assert_recorded("tenant.deletion_called_off", by=sue.staff, target_id=body["id"])


def test_asking_again_keeps_the_day(sue: Host, new_agency) -> None:
    agency = new_agency()

    first = sue.delete(at(agency)).json()
    second = sue.delete(f"{at(agency)}?days=0&export=false")

    assert (second.status_code, second.json()) == (202, first)
    assert events(agency, "tenant.deletion_scheduled") == 1


@pytest.mark.parametrize(
    ("query", "body"), [("?days=7&export=false", None), ("", {"days": 7, "export": False})]
)
def test_another_day_and_no_archive_can_be_asked_for(
    sue: Host, new_agency, query: str, body: Any
) -> None:
    agency = new_agency()

    answer = sue.delete(f"{at(agency)}{query}", json=body).json()

    tenant = Tenant.objects.get(pk=agency.ref.id)
    assert tenant.deletion_due_at - tenant.deletion_requested_at == timedelta(days=7)
    assert answer["export_before_deletion"] is False


@pytest.mark.parametrize("days", ["-1", "366", "x", "1.5", "9" * 40])
def test_a_day_that_is_none_is_refused(sue: Host, new_agency, days: str) -> None:
    agency = new_agency()

    assert {field for field, _ in faults(sue.delete(f"{at(agency)}?days={days}"))} == {"days"}
    assert statuses(agency, 1) == {200}


def test_resuming_calls_a_deletion_off_too(sue: Host, new_agency) -> None:
    agency = new_agency()
    sue.post(f"{at(agency)}/suspend", {"reason": "Unpaid."})
    sue.delete(at(agency))

    called_off = sue.post(f"{at(agency)}/cancel-deletion").json()
    sue.delete(at(agency))
    resumed = sue.post(f"{at(agency)}/resume").json()

    assert called_off["status"] == "suspended"
    assert (resumed["status"], resumed["deletion_due_at"]) == ("active", None)
    assert statuses(agency) == {200}


def test_a_new_key_ends_this_tenants_tokens_alone(sue: Host, acme: Agency, new_agency) -> None:
    agency = new_agency()

    answer = sue.post(f"{at(agency)}/rotate-key")

    assert (answer.status_code, answer.json()["key_version"]) == (200, 2)
    assert statuses(agency) == {401}
    assert acme.owner.at.get("/api/users/me").status_code == 200
    assert_recorded("tenant.key_rotated", by=sue.staff, target_id=str(agency.ref.id))


def test_everything_at_once_ends_in_one_of_the_states(sue: Host, new_agency) -> None:
    agency = new_agency()
    calls = [("POST", "/suspend"), ("POST", "/resume"), ("DELETE", ""), ("POST", "/rotate-key")]

    with ThreadPoolExecutor(8) as pool:
        asked = pool.map(lambda call: sue.request(call[0], at(agency) + call[1]), calls * 4)
        codes = {answer.status_code for answer in asked}
    final = sue.post(f"{at(agency)}/resume").json()

    assert codes == {200, 202}
    assert (final["status"], final["deletion_due_at"], final["key_version"]) == ("active", None, 5)
    changes = [events(agency, f"tenant.{verb}") for verb in ("suspended", "resumed")]
    assert changes[0] == changes[1]
    assert statuses(agency) == {401}


@pytest.mark.parametrize("path", ["suspend", "resume", "cancel-deletion", "rotate-key"])
def test_only_post_changes_a_state(sue: Host, acme: Agency, path: str) -> None:
    answer = sue.get(f"{at(acme)}/{path}")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
