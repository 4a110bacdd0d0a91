"""Usage of a tenant day by day: measured, filled, kept and shown to managers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from operations.usage import measure_tenant
from tenants.models import DailyUsage
from tenants.queries import tenant_by_slug
from tenants.request_counts import add_counts
from tenants.usage_history import KEPT_DAYS, MAX_DAYS, UsageDay, usage_history
from tests.support.factories import Agency, add_member
from tests.support.files.form_uploads import add_file

PATH = "/api/tenant/usage"


def day_before(days: int):
    return datetime.now(UTC).date() - timedelta(days=days)


def store_day(agency: Agency, ago: int, storage_bytes: int, files: int) -> None:
    DailyUsage.objects.create(
        tenant_id=agency.ref.id, day=day_before(ago), storage_bytes=storage_bytes, files=files
    )


def test_measurement_is_stored_as_today(agency: Agency):
    first = add_file(agency.owner.at, "a.bin", b"12345")
    add_file(agency.owner.at, "a.bin", b"123")
    add_file(agency.owner.at, "b.bin", b"12")
    trashed = add_file(agency.owner.at, "c.bin", b"1")
    agency.owner.at.delete(f"/api/files/{trashed['id']}")
    agency.owner.at.post(f"/api/files/{first['id']}/versions/1/restore")

    for _ in range(2):
        measure_tenant(tenant_by_slug(agency.slug))

    today = usage_history(agency.ref.id)[-1]
    assert (today.day, today.storage_bytes, today.files) == (day_before(0), 11, 2)
    assert DailyUsage.objects.filter(tenant_id=agency.ref.id).count() == 1


def test_days_without_a_measurement_have_the_value_before(agency: Agency):
    for ago, storage_bytes, files in ((40, 1, 1), (3, 30, 3), (1, 10, 2)):
        store_day(agency, ago, storage_bytes, files)
    add_counts({(agency.ref.id, day_before(2)): 7, (agency.ref.id, day_before(29)): 9})

    days = usage_history(agency.ref.id)

    assert len(days) == 30
    assert [day.day for day in days] == [day_before(ago) for ago in range(29, -1, -1)]
    assert days[0] == UsageDay(day_before(29), 1, 1, 9)
    stored = [(day.storage_bytes, day.files, day.requests) for day in days[-5:-1]]
    assert stored == [(1, 1, 0), (30, 3, 0), (30, 3, 7), (10, 2, 0)]
    assert (days[-1].storage_bytes, days[-1].files) == (10, 2)


def test_days_before_the_first_measurement_have_no_storage(agency: Agency):
    store_day(agency, 1, 5, 1)

    days = usage_history(agency.ref.id, 3)

    assert [(day.storage_bytes, day.files) for day in days] == [(None, None), (5, 1), (5, 1)]


def test_measurement_deletes_days_that_are_too_old(agency: Agency):
    for ago in (KEPT_DAYS, KEPT_DAYS + 1):
        store_day(agency, ago, 1, 1)

    measure_tenant(tenant_by_slug(agency.slug))

    kept = set(DailyUsage.objects.filter(tenant_id=agency.ref.id).values_list("day", flat=True))
    assert kept == {day_before(0), day_before(KEPT_DAYS)}


def test_managers_read_days_largest_files_and_users(agency: Agency):
    member = add_member(agency, "ben@usage.test")
    admin = add_member(agency, "adam@usage.test", "admin")
    small = add_file(agency.owner.at, "small.bin", b"1")
    large = add_file(member.at, "large.bin", b"12345")
    add_file(member.at, "large.bin", b"1234")
    trashed = add_file(member.at, "trashed.bin", b"1" * 100)
    member.at.delete(f"/api/files/{trashed['id']}")
    measure_tenant(tenant_by_slug(agency.slug))

    for manager in (agency.owner, admin):
        body = manager.at.get(f"{PATH}?days=2").json()

        assert [day["day"] for day in body["days"]] == [str(day_before(ago)) for ago in (1, 0)]
        assert (body["days"][-1]["storage_bytes"], body["days"][-1]["files"]) == (110, 2)
        assert body["largest_files"] == [
            {"id": large["id"], "name": "large.bin", "size": 4, "owner": member.id},
            {"id": small["id"], "name": "small.bin", "size": 1, "owner": agency.owner.id},
        ]
        assert body["users"] == [
            {"user": member.id, "storage_bytes": 109, "files": 1},
            {"user": agency.owner.id, "storage_bytes": 1, "files": 1},
        ]


def test_usage_names_nothing_of_another_tenant(agency: Agency, new_agency: Callable[..., Agency]):
    other = new_agency()
    add_file(other.owner.at, "secret.bin")
    measure_tenant(tenant_by_slug(other.slug))

    response = agency.owner.at.get(PATH)

    assert response.status_code == 200
    body = response.json()
    assert (body["largest_files"], body["users"]) == ([], [])
    assert {day["storage_bytes"] for day in body["days"]} == {None}


@pytest.mark.parametrize("days", ["0", "-1", "x", "", str(MAX_DAYS + 1), "1.5"])
def test_invalid_number_of_days_is_refused(acme: Agency, days: str):
    response = acme.owner.at.get(f"{PATH}?days={days}")

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["days"]


def test_longest_history_has_all_its_days(acme: Agency):
    body = acme.owner.at.get(f"{PATH}?days={MAX_DAYS}").json()

    assert len(body["days"]) == MAX_DAYS
