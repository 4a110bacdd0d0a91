"""Concurrent and repeated requests for one file."""

import secrets
from concurrent.futures import ThreadPoolExecutor

from files.models import File, FileVersion, Upload
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.files.bucket import read_object, sha256, stored_keys
from tests.support.files.form_uploads import add_file, post_file

MANY = 20


def test_concurrent_uploads_of_one_name_each_make_a_version(new_agency):
    agency = new_agency()
    bodies = [f"content {number}".encode() for number in range(MANY)]

    with ThreadPoolExecutor(MANY) as pool:
        responses = list(pool.map(lambda data: post_file(agency.owner.at, "one.txt", data), bodies))

    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["id"] for response in responses}) == 1
    assert sorted(response.json()["version"] for response in responses) == list(range(1, MANY + 1))
    assert {read_object(key) for key in stored_keys(agency)} == set(bodies)
    with tenant_context(agency.ref):
        file = File.objects.select_related("current").get()
        kept = set(FileVersion.objects.values_list("sha256", flat=True))
    assert (file.current.number, file.size) == (MANY, file.current.size)
    assert kept == {sha256(data) for data in bodies}


def test_concurrent_renames_and_uploads_of_one_name_leave_one_live_file(new_agency):
    agency = new_agency()
    ids = [add_file(agency.owner.at, f"start-{number}.txt")["id"] for number in range(5)]

    def act(number: int) -> int:
        if number % 2:
            return post_file(agency.owner.at, "goal.txt", str(number).encode()).status_code
        path = f"/api/files/{ids[number // 2]}"
        return agency.owner.at.patch(path, {"name": "goal.txt"}).status_code

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(act, range(10)))

    assert set(statuses) <= {200, 201, 409}
    assert statuses[1::2] == [201] * 5
    with tenant_context(agency.ref):
        assert File.objects.filter(name="goal.txt", deleted_at=None).count() == 1


def test_repeated_idempotency_key_adds_one_file_and_one_object(new_agency):
    agency = new_agency()
    key = {"Idempotency-Key": secrets.token_hex(8)}

    first = post_file(agency.owner.at, "once.txt", b"same", **key)
    again = post_file(agency.owner.at, "once.txt", b"same", **key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(stored_keys(agency)) == 1
    with tenant_context(agency.ref):
        assert FileVersion.objects.count() == 1
        assert sorted(Upload.objects.values_list("state", flat=True)) == ["failed", "ready"]


def test_idempotency_key_with_other_content_is_a_conflict(new_agency):
    agency = new_agency()
    key = {"Idempotency-Key": secrets.token_hex(8)}
    add_file(agency.owner.at, "once.txt", b"first", **key)

    content_differs = post_file(agency.owner.at, "once.txt", b"second", **key)
    name_differs = post_file(agency.owner.at, "other.txt", b"first", **key)

    for response in (content_differs, name_differs):
        assert (response.status_code, response.json()["code"]) == (409, "idempotency_conflict")
    assert len(stored_keys(agency)) == 1


def test_refused_upload_does_not_consume_its_idempotency_key(acme: Agency):
    key = {"Idempotency-Key": secrets.token_hex(8)}

    refused = post_file(acme.owner.at, "x", b"x", path="../up", **key)
    accepted = post_file(acme.owner.at, "good-name", b"x", **key)

    assert (refused.status_code, accepted.status_code) == (400, 201)


def test_concurrent_requests_with_one_idempotency_key_add_one_file(new_agency):
    agency = new_agency()
    key = {"Idempotency-Key": secrets.token_hex(8)}

    with ThreadPoolExecutor(8) as pool:
        responses = list(
            pool.map(lambda _: post_file(agency.owner.at, "race.txt", b"same", **key), range(8))
        )

    assert {response.status_code for response in responses} == {201}
    assert len({response.text for response in responses}) == 1
    assert len(stored_keys(agency)) == 1
