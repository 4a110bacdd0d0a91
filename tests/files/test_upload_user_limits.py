"""Limits on the open uploads of one user."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from files.models import Upload
from files.problems import QuotaExceeded, TooManyUploads
from files.uploads.cleanup import clean_up_due
from files.uploads.direct import UploadSpec, create_upload
from tenants.context import tenant_context
from tests.support.accounts.api_keys import post_api_key
from tests.support.factories import Agency, Person, add_member
from tests.support.files.consistency import assert_consistent, balance_of, row_sums
from tests.support.files.direct_uploads import UPLOADS, post_complete, post_upload, put_content
from tests.support.files.form_uploads import post_file
from tests.support.files.limits import set_limits
from tests.support.http_client import Site

QUOTA = 1000


@pytest.fixture
def small(new_agency: Callable[..., Agency]) -> Agency:
    """An agency with a quota of 1000 bytes."""
    agency = new_agency()
    set_limits(agency, storage_bytes=QUOTA)
    return agency


@pytest.fixture
def member(small: Agency) -> Person:
    return add_member(small, "mia@small.test")


def test_member_can_reserve_half_of_the_free_bytes(small: Agency, member: Person):
    over = post_upload(member.at, "a.bin", QUOTA // 2 + 1)
    half = post_upload(member.at, "a.bin", QUOTA // 2)
    more = post_upload(member.at, "b.bin", 1)
    others = post_upload(small.owner.at, "c.bin", QUOTA // 2)

    for refused in (over, more):
        assert (refused.status_code, refused.json()["code"]) == (413, "quota_exceeded")
    assert over.json()["reservable_bytes"] == QUOTA // 2
    assert over.json()["quota"]["reserved_bytes"] == 0
    assert more.json()["reservable_bytes"] == 0
    assert more.json()["quota"]["reserved_bytes"] == QUOTA // 2
    assert (half.status_code, others.status_code) == (201, 201)
    assert balance_of(small) == row_sums(small) == (0, 0, QUOTA, 2)


def test_reservations_and_files_of_others_are_not_free(small: Agency, member: Person):
    post_upload(small.owner.at, "a.bin", 200)
    post_file(small.owner.at, "b.bin", b"x" * 200)

    over, fits = post_upload(member.at, "c.bin", 301), post_upload(member.at, "c.bin", 300)

    assert (over.status_code, fits.status_code) == (413, 201)
    assert over.json()["reservable_bytes"] == 300


def test_owner_can_reserve_all_free_bytes_but_not_with_an_api_key(small: Agency):
    key = post_api_key(small.owner, scopes=["files:write"])["key"]

    by_key = post_upload(small.host.with_token(key), "a.bin", QUOTA)
    by_owner = post_upload(small.owner.at, "a.bin", QUOTA)

    assert (by_key.status_code, by_key.json()["reservable_bytes"]) == (413, QUOTA // 2)
    assert by_owner.status_code == 201


def test_member_can_fill_the_quota_with_completed_uploads(
    site: Site, small: Agency, member: Person
):
    form = post_file(member.at, "form.bin", b"x" * (QUOTA - 100))
    begun = post_upload(member.at, "a.bin", 50).json()
    put_content(site, begun, b"x" * 50)

    assert form.status_code == 201, form.text
    assert post_complete(member.at, begun).status_code == 201
    assert_consistent(small)


def test_member_can_reserve_half_of_the_free_objects(small: Agency, member: Person):
    set_limits(small, storage_bytes=0, storage_objects=3)

    responses = [post_upload(member.at, f"{n}.bin", 1) for n in range(3)]

    assert [response.status_code for response in responses] == [201, 201, 413]
    assert responses[2].json()["reservable_bytes"] == 0
    assert post_upload(small.owner.at, "own.bin", 1).status_code == 201


def test_number_of_open_uploads_is_limited(
    settings, small: Agency, member: Person, in_process_client
):
    settings.UPLOAD_OPEN_PER_USER = 2
    client = in_process_client(small, member)

    def begin(name: str):
        return client.post(UPLOADS, {"name": name, "size": 1}, content_type="application/json")

    first, second, third = (begin(f"{n}.bin") for n in range(3))
    ended = client.delete(f"{UPLOADS}/{first.json()['id']}")
    fourth = begin("4.bin")

    assert (second.status_code, third.status_code) == (201, 409)
    assert (third.json()["code"], third.json()["limit"]) == ("too_many_uploads", 2)
    assert (ended.status_code, fourth.status_code) == (204, 201)
    assert balance_of(small) == (0, 0, 2, 2)


@pytest.mark.parametrize(
    ("most", "quota", "kept"), [(5, 0, 5), (100, 1000, 5)], ids=["count", "share"]
)
def test_concurrent_uploads_never_exceed_the_user_limit(
    settings, small: Agency, member: Person, most: int, quota: int, kept: int
):
    settings.UPLOAD_OPEN_PER_USER = most
    set_limits(small, storage_bytes=quota)
    with tenant_context(small.ref):
        user = User.objects.get(pk=member.id)

    def begin(number: int) -> str:
        try:
            with tenant_context(small.ref):
                create_upload(UploadSpec(f"{number}.bin", 100), user=user)
        except (QuotaExceeded, TooManyUploads) as problem:
            return problem.code
        finally:
            connections.close_all()
        return "begun"

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(begin, range(12)))

    assert outcomes.count("begun") == kept
    assert balance_of(small) == row_sums(small) == (0, 0, 100 * kept, kept)


# -- uploads to which nothing is sent --------------------------------------------------------------
@pytest.mark.parametrize("size", [300, 17 * 1024 * 1024], ids=["single", "multipart"])
def test_upload_without_content_expires_at_its_start_deadline(site: Site, new_agency, size: int):
    agency = new_agency()
    idle, busy = (post_upload(agency.owner.at, name, size).json() for name in ("a", "b"))
    part = b"x" * min(size, busy["part_size"])
    assert site.fetch(busy["urls"][0], "PUT", content=part, headers=busy["headers"]).is_success
    with tenant_context(agency.ref):
        Upload.objects.update(start_by=timezone.now() - timedelta(seconds=1))
        cleaned_up = clean_up_due()

    there = {i: agency.owner.at.get(f"{UPLOADS}/{i}").json() for i in (idle["id"], busy["id"])}

    assert idle["start_by"] < idle["expires_at"]
    assert cleaned_up == 1
    assert (there[idle["id"]]["state"], there[idle["id"]]["reason"]) == ("failed", "expired")
    assert (there[busy["id"]]["state"], there[busy["id"]]["start_by"]) == ("pending", None)
    assert balance_of(agency) == row_sums(agency) == (0, 0, size, 1)


def test_reservation_of_an_expired_upload_is_released_for_the_next(new_agency):
    """Also without an upload since then that would have cleaned it up."""
    agency = new_agency()
    set_limits(agency, storage_bytes=QUOTA)
    post_upload(agency.owner.at, "a.bin", QUOTA)
    with tenant_context(agency.ref):
        Upload.objects.update(start_by=timezone.now() - timedelta(seconds=1))

    assert post_upload(agency.owner.at, "b.bin", QUOTA).status_code == 201


def test_part_urls_after_the_start_deadline_are_refused(new_agency):
    agency = new_agency()
    begun = post_upload(agency.owner.at, "a.bin", 10).json()
    with tenant_context(agency.ref):
        Upload.objects.update(start_by=timezone.now() - timedelta(seconds=1))

    late = agency.owner.at.post(f"{UPLOADS}/{begun['id']}/parts", {"numbers": [1]})

    assert (late.status_code, late.json()["reason"]) == (409, "expired")


# -- who sees and ends them ------------------------------------------------------------------------
def test_managers_list_and_abort_uploads_of_all_users(small: Agency, member: Person):
    begun = post_upload(member.at, "a.bin", 10).json()
    other = add_member(small, "ole@small.test")
    address = f"{UPLOADS}/{begun['id']}"

    def listed(person: Person) -> list[str]:
        return [row["id"] for row in person.at.get(UPLOADS).json()["results"]]

    seen = [listed(person) for person in (member, small.owner, other)]
    [row] = small.owner.at.get(UPLOADS).json()["results"]
    refused = [
        other.at.delete(address),
        small.owner.at.post(f"{address}/parts", {"numbers": [1]}),
        small.owner.at.post(f"{address}/complete"),
    ]
    ended = small.owner.at.delete(address)

    assert seen == [[begun["id"]], [begun["id"]], []]
    assert (row["created_by"], row["size"], "urls" in row) == (member.id, 10, False)
    assert [response.status_code for response in refused] == [404, 404, 404]
    assert (ended.status_code, listed(small.owner)) == (204, [])
    assert member.at.post(f"{address}/complete").json()["reason"] == "aborted"
    [event] = small.owner.at.get("/api/audit?action=upload.aborted").json()["results"]
    assert event["actor"]["id"] == small.owner.id
    assert balance_of(small) == (0, 0, 0, 0)
