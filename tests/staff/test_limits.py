"""Limits of a tenant, set by staff: audited, applied at once, reset with null."""

import pytest

from tenants.models import Tenant
from tests.support.factories import Agency
from tests.support.http_client import Host
from tests.support.staff_audit import assert_recorded

DEFAULT_LIMITS = {
    "storage_bytes": 1024**4,
    "storage_objects": None,
    "file_max_bytes": 5 * 1024**4,
}
NOT_SET = dict.fromkeys(DEFAULT_LIMITS)


def at(agency: Agency) -> str:
    return f"/api/tenants/{agency.ref.id}"


def own(agency: Agency) -> dict:
    shown = agency.owner.at.get("/api/tenant").json()["limits"]
    return {name: shown[name] for name in DEFAULT_LIMITS}


def test_limits_apply_at_once_and_are_reset(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()
    begin = {"name": "a.bin", "size": 101}
    before = staff_superuser.get(at(agency)).json()

    changed = staff_superuser.patch(
        at(agency), {"limits": {"storage_bytes": 100, "storage_objects": 7}}
    )
    refused = agency.owner.at.post("/api/uploads", begin)
    seen = own(agency)
    none = staff_superuser.patch(at(agency), {"limits": {"storage_bytes": 0}})
    taken = agency.owner.at.post("/api/uploads", begin)
    back = staff_superuser.patch(
        at(agency), {"limits": {"storage_bytes": None, "storage_objects": None}}
    )

    assert (before["limits"], before["effective_limits"]) == (NOT_SET, DEFAULT_LIMITS)
    assert changed.status_code == 200, changed.text
    assert changed.json()["limits"] == {**NOT_SET, "storage_bytes": 100, "storage_objects": 7}
    assert seen == {**DEFAULT_LIMITS, "storage_bytes": 100, "storage_objects": 7}
    assert (refused.status_code, refused.json()["code"]) == (413, "quota_exceeded")
    assert refused.json()["quota"]["storage_bytes"] == 100
    assert none.json()["limits"] == {**NOT_SET, "storage_bytes": 0, "storage_objects": 7}
    assert none.json()["effective_limits"]["storage_bytes"] is None
    assert taken.status_code == 201, taken.text
    assert (back.json()["limits"], own(agency)) == (NOT_SET, DEFAULT_LIMITS)
    assert Tenant.objects.get(pk=agency.ref.id).limits == {}


def test_change_is_recorded_once(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()

    first = staff_superuser.patch(at(agency), {"limits": {"file_max_bytes": 5}})
    again = staff_superuser.patch(at(agency), {"limits": {"file_max_bytes": 5}})

    event = assert_recorded(
        "tenant.updated", by=staff_superuser.staff, target_id=str(agency.ref.id)
    )
    assert event.details["changes"] == {"limits.file_max_bytes": {"from": None, "to": 5}}
    assert first.headers["etag"] == again.headers["etag"]


def test_file_limit_above_platform_limit_is_capped(staff_superuser: Host, new_agency) -> None:
    agency = new_agency()

    staff_superuser.patch(at(agency), {"limits": {"file_max_bytes": 50}})
    small = own(agency)["file_max_bytes"]
    refused = agency.owner.at.post("/api/uploads", {"name": "a", "size": 51})
    staff_superuser.patch(at(agency), {"limits": {"file_max_bytes": 2**60}})

    assert small == 50
    assert (refused.status_code, refused.json()["code"]) == (413, "file_too_large")
    assert own(agency)["file_max_bytes"] == 5 * 1024**4


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"storage_bytes": -1}, "limits.storage_bytes"),
        ({"storage_bytes": 2**63}, "limits.storage_bytes"),
        ({"storage_objects": "many"}, "limits.storage_objects"),
        ({"shelves": 1}, "limits.shelves"),
        ([1], "limits"),
        (None, "limits"),
    ],
)
def test_invalid_limit_is_refused(staff_superuser: Host, acme: Agency, limits, field: str) -> None:
    answer = staff_superuser.patch(at(acme), {"limits": limits})

    assert answer.status_code == 400, answer.text
    assert field in {fault["field"] for fault in answer.json()["errors"]}
    assert Tenant.objects.get(pk=acme.ref.id).limits == {}


def test_permission_is_required(staff_at, acme: Agency) -> None:
    reader = staff_at("", "view_tenant")

    answer = reader.patch(at(acme), {"limits": {"storage_bytes": 1}})

    assert answer.status_code == 403
    assert reader.get(at(acme)).json()["limits"] == NOT_SET
