"""The staff API: suspension, resumption, deletion, key rotation."""

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
    """Return the responses to the owner, enough requests to reach every worker."""
    return {agency.owner.at.get("/api/users/me").status_code for _ in range(count)}


def events(agency: Agency, action: str) -> int:
    return AuditEvent.objects.filter(action=action, target_id=str(agency.ref.id)).count()


def test_suspension_and_resumption_apply_at_once(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()

    suspended = staff_superuser.post(f"{at(agency)}/suspend", {"reason": "Unpaid."})
    between = statuses(agency)
    detail = agency.owner.at.get("/api/users/me").json()["detail"]
    resumed = staff_superuser.post(f"{at(agency)}/resume")

    assert (suspended.status_code, suspended.json()["status"]) == (200, "suspended")
    assert suspended.json()["suspended_reason"] == detail == "Unpaid."
    assert between == {403}
    assert (resumed.status_code, resumed.json()["status"]) == (200, "active")
    assert statuses(agency) == {200}
    assert assert_recorded("tenant.suspended", by=staff_superuser.staff).details == {
        "reason": "Unpaid."
    }
    assert_recorded("tenant.resumed", by=staff_superuser.staff)


def test_repeated_suspension_changes_nothing(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()

    first = staff_superuser.post(f"{at(agency)}/suspend", {"reason": "One."}).json()
    second = staff_superuser.post(f"{at(agency)}/suspend", {"reason": "Two."})
    staff_superuser.post(f"{at(agency)}/resume")
    again = staff_superuser.post(f"{at(agency)}/resume")

    assert (second.status_code, second.json()) == (200, first)
    assert (again.status_code, again.json()["status"]) == (200, "active")
    assert (events(agency, "tenant.suspended"), events(agency, "tenant.resumed")) == (1, 1)


@pytest.mark.parametrize("reason", ["x" * 401, ["a"], None, "a\x00b"])
def test_invalid_reason_is_refused(staff_superuser: Host, new_agency, reason: Any) -> None:
    agency = new_agency()

    answer = staff_superuser.post(f"{at(agency)}/suspend", {"reason": reason})

    assert {field for field, _ in faults(answer)} == {"reason"}
    assert statuses(agency, 1) == {200}


def test_deletion_is_scheduled_and_cancelled(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()

    answer = staff_superuser.delete(at(agency))
    between = agency.owner.at.get("/api/users/me")
    called_off = staff_superuser.post(f"{at(agency)}/cancel-deletion")

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
    assert_recorded("tenant.deletion_scheduled", by=staff_superuser.staff, target_id=body["id"])
    assert_recorded("tenant.deletion_called_off", by=staff_superuser.staff, target_id=body["id"])


def test_repeated_deletion_keeps_the_day(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()

    first = staff_superuser.delete(at(agency)).json()
    second = staff_superuser.delete(f"{at(agency)}?days=0&export=false")

    assert (second.status_code, second.json()) == (202, first)
    assert events(agency, "tenant.deletion_scheduled") == 1


@pytest.mark.parametrize(
    ("query", "body"), [("?days=7&export=false", None), ("", {"days": 7, "export": False})]
)
def test_deletion_with_days_and_without_archive_is_scheduled(
    staff_superuser: Host, new_agency, query: str, body: Any
) -> None:
    agency = new_agency()

    answer = staff_superuser.delete(f"{at(agency)}{query}", json=body).json()

    tenant = Tenant.objects.get(pk=agency.ref.id)
    assert tenant.deletion_due_at - tenant.deletion_requested_at == timedelta(days=7)
    assert answer["export_before_deletion"] is False


@pytest.mark.parametrize("days", ["-1", "366", "x", "1.5", "9" * 40])
def test_invalid_days_are_refused(staff_superuser: Host, new_agency, days: str) -> None:
    agency = new_agency()

    assert {field for field, _ in faults(staff_superuser.delete(f"{at(agency)}?days={days}"))} == {
        "days"
    }
    assert statuses(agency, 1) == {200}


def test_resumption_cancels_deletion(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()
    staff_superuser.post(f"{at(agency)}/suspend", {"reason": "Unpaid."})
    staff_superuser.delete(at(agency))

    called_off = staff_superuser.post(f"{at(agency)}/cancel-deletion").json()
    staff_superuser.delete(at(agency))
    resumed = staff_superuser.post(f"{at(agency)}/resume").json()

    assert called_off["status"] == "suspended"
    assert (resumed["status"], resumed["deletion_due_at"]) == ("active", None)
    assert statuses(agency) == {200}


def test_new_key_ends_only_tokens_of_its_tenant(
    staff_superuser: Host, acme: Agency, new_agency
) -> None:
    agency = new_agency()

    answer = staff_superuser.post(f"{at(agency)}/rotate-key")

    assert (answer.status_code, answer.json()["key_version"]) == (200, 2)
    assert statuses(agency) == {401}
    assert acme.owner.at.get("/api/users/me").status_code == 200
    assert_recorded("tenant.key_rotated", by=staff_superuser.staff, target_id=str(agency.ref.id))


def test_concurrent_changes_end_in_a_valid_state(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()
    calls = [("POST", "/suspend"), ("POST", "/resume"), ("DELETE", ""), ("POST", "/rotate-key")]

    with ThreadPoolExecutor(8) as pool:
        asked = pool.map(
            lambda call: staff_superuser.request(call[0], at(agency) + call[1]), calls * 4
        )
        codes = {answer.status_code for answer in asked}
    final = staff_superuser.post(f"{at(agency)}/resume").json()

    assert codes == {200, 202}
    assert (final["status"], final["deletion_due_at"], final["key_version"]) == ("active", None, 5)
    changes = [events(agency, f"tenant.{verb}") for verb in ("suspended", "resumed")]
    assert changes[0] == changes[1]
    assert statuses(agency) == {401}


@pytest.mark.parametrize("path", ["suspend", "resume", "cancel-deletion", "rotate-key"])
def test_other_methods_are_not_allowed(staff_superuser: Host, acme: Agency, path: str) -> None:
    answer = staff_superuser.get(f"{at(acme)}/{path}")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
