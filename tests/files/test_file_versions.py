"""Versions of a file: all are kept, can be downloaded, and can be restored."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest
from django.db import transaction

from accounts.models import User
from audit.models import AuditEvent
from files.versions import restore_version
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.files.bucket import sha256, stored_keys
from tests.support.files.consistency import assert_invariants, quota_usage
from tests.support.files.direct_uploads import upload_directly
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Host, Site

BODIES = [b"first", b"second one", b"third"]


@pytest.fixture(scope="module")
def history(acme: Agency) -> dict:
    """A file of acme with three versions."""
    return [add_file(acme.owner.at, "history.txt", data) for data in BODIES][-1]


def list_versions(host: Host, file_id: str, query: str = "") -> list[dict]:
    response = host.get(f"/api/files/{file_id}/versions{query}")
    assert response.status_code == 200, response.text
    return response.json()["results"]


def test_versions_are_listed_newest_first(acme: Agency, history: dict):
    listed = list_versions(acme.owner.at, history["id"])

    assert [row["version"] for row in listed] == [3, 2, 1]
    assert [row["sha256"] for row in listed] == [sha256(data) for data in BODIES[::-1]]
    assert [row["current"] for row in listed] == [True, False, False]
    oldest = listed[-1]
    assert (oldest["size"], oldest["content_type"]) == (5, "text/plain")
    assert (oldest["created_by"], oldest["restored_from"]) == (acme.owner.id, None)


def test_versions_are_paginated(acme: Agency, history: dict):
    first = acme.owner.at.get(f"/api/files/{history['id']}/versions?limit=2").json()

    path = f"/api/files/{history['id']}/versions"
    rest = acme.owner.at.get(f"{path}?{first['next'].partition('?')[2]}").json()

    assert [row["version"] for row in first["results"]] == [3, 2]
    assert [row["version"] for row in rest["results"]] == [1]
    assert rest["next"] is None


def test_older_version_can_be_downloaded(acme: Agency, site: Site, history: dict):
    path = f"/api/files/{history['id']}"
    for number, data in enumerate(BODIES, start=1):
        content = acme.owner.at.get(f"{path}/content?version={number}")
        link = acme.owner.at.get(f"{path}/download?version={number}")

        assert (content.status_code, content.content) == (200, data)
        assert content.headers["ETag"] == f'"{sha256(data)}"'
        assert content.headers["Content-Length"] == str(len(data))
        assert site.fetch(link.headers["Location"]).content == data
    with tenant_context(acme.ref):
        output = AuditEvent.objects.filter(action="file.downloaded", target_id=history["id"])
        assert sorted(event.details["version"] for event in output) == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("asked", "status"),
    [("4", 404), ("0", 404), ("999999999", 404), ("9999999999", 400), ("-1", 400), ("x", 400)],
)
@pytest.mark.parametrize("tail", ["content", "download"])
def test_unknown_version_is_not_found(
    acme: Agency, history: dict, tail: str, asked: str, status: int
):
    response = acme.owner.at.get(f"/api/files/{history['id']}/{tail}?version={asked}")

    assert response.status_code == status


def test_version_restore_makes_a_new_version_of_the_same_object(new_agency):
    agency = new_agency()
    ada = agency.owner.at
    body = [add_file(ada, "a.txt", data) for data in BODIES][-1]
    before, used = stored_keys(agency), quota_usage(agency)

    response = ada.post(f"/api/files/{body['id']}/versions/1/restore")
    again = ada.post(f"/api/files/{body['id']}/versions/4/restore")

    assert (response.status_code, again.status_code) == (200, 200), response.text
    assert (response.json()["version"], response.json()["sha256"]) == (4, sha256(BODIES[0]))
    assert response.headers["ETag"] != again.headers["ETag"]
    listed = list_versions(ada, body["id"])
    assert [row["version"] for row in listed] == [5, 4, 3, 2, 1]
    assert [row["restored_from"] for row in listed] == [4, 1, None, None, None]
    assert [row["current"] for row in listed] == [True, False, False, False, False]
    assert ada.get(f"/api/files/{body['id']}/content").content == BODIES[0]
    assert (stored_keys(agency), quota_usage(agency)) == (before, used)
    assert_invariants(agency)
    with tenant_context(agency.ref):
        events = AuditEvent.objects.filter(action="file.version_restored").order_by("at")
        assert [event.details for event in events] == [
            {"version": 4, "restored_from": 1},
            {"version": 5, "restored_from": 4},
        ]


def test_version_restore_honours_if_match_and_idempotency_key(new_agency):
    agency = new_agency()
    ada = agency.owner.at
    body = [add_file(ada, "a.txt", data) for data in BODIES][-1]
    path = f"/api/files/{body['id']}"
    call, etag = f"{path}/versions/1/restore", ada.get(path).headers["ETag"]
    key = {"Idempotency-Key": secrets.token_hex(8)}

    stale = ada.post(call, headers={"If-Match": '"other"'})
    first = ada.post(call, headers={"If-Match": etag, **key})
    repeated = ada.post(call, headers={"If-Match": etag, **key})
    late = ada.post(call, headers={"If-Match": etag})
    other = ada.post(f"{path}/versions/2/restore", headers=key)
    missing = ada.post(f"{path}/versions/9/restore")

    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (first.status_code, repeated.status_code) == (200, 200)
    assert repeated.json() == first.json()
    assert late.status_code == 412
    assert (other.status_code, missing.status_code) == (200, 404)
    assert len(list_versions(ada, body["id"])) == 5


def test_fifty_concurrent_uploads_of_one_name_can_all_be_downloaded(site: Site, new_agency):
    agency = new_agency()
    ada = agency.owner.at
    bodies = [f"content {number}".encode() for number in range(50)]

    def send(number: int) -> dict:
        if number % 2:
            return upload_directly(site, ada, "one.txt", bodies[number])
        return add_file(ada, "one.txt", bodies[number])

    with ThreadPoolExecutor(50) as pool:
        responses = list(pool.map(send, range(50)))

    [file_id] = {response["id"] for response in responses}
    listed = list_versions(ada, file_id, "?limit=200")
    assert [row["version"] for row in listed] == list(range(50, 0, -1))
    fetched = {
        ada.get(f"/api/files/{file_id}/content?version={row['version']}").content for row in listed
    }
    assert fetched == set(bodies)
    assert_invariants(agency)


def test_concurrent_new_version_never_hides_the_file(new_agency):
    """A request that waits for the row finds the file, although its current version has changed."""
    agency = new_agency()
    ada = agency.owner.at
    body = [add_file(ada, "a.txt", data) for data in BODIES][-1]
    responses = []

    def rename() -> None:
        responses.append(ada.patch(f"/api/files/{body['id']}", {"name": "b.txt"}))

    waiting = Thread(target=rename)
    with tenant_context(agency.ref), transaction.atomic():
        user = User.objects.get(pk=agency.owner.id)
        restore_version(body["id"], 1, user=user, check=lambda row: None)
        waiting.start()
        time.sleep(0.5)
        assert responses == []
    waiting.join()

    assert (responses[0].status_code, responses[0].json()["version"]) == (200, 4), responses[0].text
