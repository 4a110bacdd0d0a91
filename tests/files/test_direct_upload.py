"""Direct uploads: small files by one request, large ones in parts."""

import os
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.utils import timezone

from audit.models import AuditEvent
from files.models import FileVersion, Upload
from files.uploads.cleanup import clean_up_due
from tenants.context import tenant_context
from tests.support.factories import Agency, add_member
from tests.support.files.bucket import read_object, sha256, stored_keys, unfinished_multiparts
from tests.support.files.consistency import balance_of
from tests.support.files.direct_uploads import UPLOADS, post_upload
from tests.support.http_client import Site

MIB = 1024 * 1024


def put_bytes(site: Site, url: str, data: bytes, headers: dict[str, str]) -> httpx.Response:
    return site.fetch(url, "PUT", content=data, headers=headers)


def test_small_upload_uses_one_request(site: Site, new_agency):
    agency = new_agency()
    ada, data = agency.owner.at, os.urandom(5000)

    begun = post_upload(ada, "notes.txt", 5000, content_type="text/plain", sha256=sha256(data))
    reserved = balance_of(agency)
    [url] = begun.json()["urls"]
    early = ada.post(f"{UPLOADS}/{begun.json()['id']}/complete")
    sent = put_bytes(site, url, data, begun.json()["headers"])
    done = ada.post(f"{UPLOADS}/{begun.json()['id']}/complete")
    again = ada.post(f"{UPLOADS}/{begun.json()['id']}/complete")

    assert (begun.status_code, begun.json()["strategy"]) == (201, "single")
    assert reserved == (0, 0, 5000, 1)
    assert (early.status_code, early.json()["code"]) == (409, "upload_incomplete")
    assert sent.status_code == 200, sent.text
    assert (done.status_code, again.status_code) == (201, 201), done.text
    assert done.json() == again.json()
    assert (done.json()["size"], done.json()["sha256"]) == (5000, sha256(data))
    assert [read_object(key) for key in stored_keys(agency)] == [data]
    assert balance_of(agency) == (5000, 1, 0, 0)
    with tenant_context(agency.ref):
        assert AuditEvent.objects.filter(action="file.uploaded").count() == 1
        assert FileVersion.objects.get().id == Upload.objects.get().id


def test_large_upload_uses_parts_and_can_be_resumed(site: Site, new_agency):
    agency = new_agency()
    ada, data = agency.owner.at, os.urandom(20 * MIB)

    begun = post_upload(ada, "film.bin", len(data)).json()
    size = begun["part_size"]
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    put_bytes(site, begun["urls"][1], parts[1], begun["headers"])
    where = f"{UPLOADS}/{begun['id']}"
    seen = ada.get(where).json()
    early = ada.post(f"{where}/complete")
    rest = ada.post(f"{where}/parts", {"numbers": [1, 3]}).json()
    for url, part in zip(rest["urls"], (parts[0], parts[2]), strict=True):
        assert put_bytes(site, url, part, rest["headers"]).status_code == 200
    listed = ada.get(where).json()["parts"]
    done = ada.post(f"{where}/complete", {"parts": listed})

    assert (begun["strategy"], len(begun["urls"])) == ("multipart", len(parts))
    assert [part["number"] for part in seen["parts"]] == [2]
    assert (early.status_code, early.json()["missing"]) == (409, [1, 3])
    assert (done.status_code, done.json()["sha256"]) == (201, sha256(data)), done.text
    assert [read_object(key) for key in stored_keys(agency)] == [data]
    assert unfinished_multiparts(agency) == []
    assert balance_of(agency) == (len(data), 1, 0, 0)


def test_content_with_another_checksum_is_refused_by_the_store(site: Site, new_agency):
    agency = new_agency()
    ada = agency.owner.at
    begun = post_upload(ada, "a.bin", 4, sha256=sha256(b"good"), content_type="text/plain").json()
    [url], headers = begun["urls"], begun["headers"]

    other = put_bytes(site, url, b"evil", headers)
    longer = put_bytes(site, url, b"good!", headers)
    page = put_bytes(site, url, b"good", {"Content-Type": "text/html"})
    nothing_yet = ada.post(f"{UPLOADS}/{begun['id']}/complete")
    right = put_bytes(site, url, b"good", headers)

    assert [a.status_code for a in (other, longer, page)] == [400, 403, 403]
    assert (nothing_yet.status_code, nothing_yet.json()["missing"]) == (409, [1])
    assert right.status_code == 200
    assert ada.post(f"{UPLOADS}/{begun['id']}/complete").status_code == 201


def test_parts_with_another_checksum_leave_nothing(site: Site, new_agency):
    agency = new_agency()
    ada, data = agency.owner.at, os.urandom(17 * MIB)
    begun = post_upload(ada, "a.bin", len(data), sha256=sha256(b"other")).json()
    size, where = begun["part_size"], f"{UPLOADS}/{begun['id']}"
    for number, url in enumerate(begun["urls"]):
        put_bytes(site, url, data[number * size : (number + 1) * size], {})

    refused = ada.post(f"{where}/complete")
    again = ada.post(f"{where}/complete")

    assert (refused.status_code, refused.json()["code"]) == (422, "checksum_mismatch")
    assert (again.status_code, again.json()["code"]) == (422, "checksum_mismatch")
    assert ada.get(where).json()["reason"] == "mismatch"
    assert (stored_keys(agency), unfinished_multiparts(agency)) == (set(), [])
    assert balance_of(agency) == (0, 0, 0, 0)
    with tenant_context(agency.ref):
        assert AuditEvent.objects.filter(action="upload.refused").count() == 1


def test_unexpired_upload_url_cannot_change_the_file(site: Site, new_agency):
    """The URL leads to the staging object, not to the final one."""
    agency = new_agency()
    ada = agency.owner.at
    begun = post_upload(ada, "a.bin", 4).json()
    put_bytes(site, begun["urls"][0], b"good", begun["headers"])
    file = ada.post(f"{UPLOADS}/{begun['id']}/complete").json()

    late = put_bytes(site, begun["urls"][0], b"evil", begun["headers"])
    leftovers = stored_keys(agency)
    with tenant_context(agency.ref):
        Upload.objects.update(expires_at=timezone.now())
        cleaned_up = clean_up_due()

    assert late.status_code == 200
    assert ada.get(f"/api/files/{file['id']}/content").content == b"good"
    assert (len(leftovers), cleaned_up) == (2, 1)
    assert [read_object(key) for key in stored_keys(agency)] == [b"good"]


@pytest.mark.parametrize("size", [1000, 17 * MIB], ids=["single", "multipart"])
def test_aborted_upload_leaves_nothing(site: Site, new_agency, size: int):
    agency = new_agency()
    ada = agency.owner.at
    begun = post_upload(ada, "a.bin", size).json()
    where = f"{UPLOADS}/{begun['id']}"
    put_bytes(site, begun["urls"][0], os.urandom(min(size, begun["part_size"])), begun["headers"])

    gone, again = ada.delete(where), ada.delete(where)

    assert (gone.status_code, again.status_code) == (204, 204)
    assert (stored_keys(agency), unfinished_multiparts(agency)) == (set(), [])
    assert balance_of(agency) == (0, 0, 0, 0)
    for call in ("parts", "complete"):
        late = ada.post(f"{where}/{call}", {"numbers": [1]} if call == "parts" else {})
        assert (late.status_code, late.json()["reason"]) == (409, "aborted")


def test_content_sent_after_the_end_is_deleted_once_the_url_expires(site: Site, new_agency):
    agency = new_agency()
    ada = agency.owner.at
    begun = post_upload(ada, "a.bin", 4).json()
    ada.delete(f"{UPLOADS}/{begun['id']}")

    late = put_bytes(site, begun["urls"][0], b"late", begun["headers"])
    leftovers = stored_keys(agency)
    with tenant_context(agency.ref):
        too_early = clean_up_due()
        Upload.objects.update(expires_at=timezone.now())
        cleaned_up, nothing_more = clean_up_due(), clean_up_due()

    assert (late.status_code, len(leftovers)) == (200, 1)
    assert (too_early, cleaned_up, nothing_more) == (0, 1, 0)
    assert stored_keys(agency) == set()


def test_late_upload_is_expired(site: Site, new_agency):
    agency = new_agency()
    ada = agency.owner.at
    begun = post_upload(ada, "a.bin", 17 * MIB).json()
    with tenant_context(agency.ref):
        Upload.objects.update(expires_at=timezone.now())

    late = ada.post(f"{UPLOADS}/{begun['id']}/parts", {"numbers": [1]})

    assert (late.status_code, late.json()["reason"]) == (409, "expired")
    assert unfinished_multiparts(agency) == []
    assert balance_of(agency) == (0, 0, 0, 0)


def test_concurrent_completions_return_one_file(site: Site, new_agency):
    agency = new_agency()
    ada, data = agency.owner.at, os.urandom(17 * MIB)
    begun = post_upload(ada, "a.bin", len(data)).json()
    for number, url in enumerate(begun["urls"]):
        at = number * begun["part_size"]
        put_bytes(site, url, data[at : at + begun["part_size"]], {})

    with ThreadPoolExecutor(6) as pool:
        call = f"{UPLOADS}/{begun['id']}/complete"
        responses = list(pool.map(lambda _: ada.post(call), range(6)))

    assert {response.status_code for response in responses} == {201}, [a.text for a in responses]
    assert len({response.json()["id"] for response in responses}) == 1
    with tenant_context(agency.ref):
        assert FileVersion.objects.count() == 1
    assert balance_of(agency) == (len(data), 1, 0, 0)


def test_upload_of_another_user_is_not_found(site: Site, new_agency):
    agency, other = new_agency(), new_agency()
    member = add_member(agency, "ben@here.test")
    begun = post_upload(agency.owner.at, "a.bin", 4).json()
    where = f"{UPLOADS}/{begun['id']}"

    for outsider in (member.at, other.owner.at):
        responses = [
            outsider.get(where),
            outsider.delete(where),
            outsider.post(f"{where}/parts", {"numbers": [1]}),
            outsider.post(f"{where}/complete"),
        ]
        assert {response.status_code for response in responses} == {404}


def test_repeated_idempotency_key_creates_one_upload(site: Site, new_agency):
    agency = new_agency()
    body, key = {"name": "a.bin", "size": 17 * MIB}, {"Idempotency-Key": "once"}

    first, again = (agency.owner.at.post(UPLOADS, body, headers=key) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert len(again.json()["urls"]) == len(first.json()["urls"]) == 3
    assert len(unfinished_multiparts(agency)) == 1


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"name": "", "size": 1}, 400, "name"),
        ({"name": "../a", "size": 1}, 400, "name"),
        ({"name": "a\x00b", "size": 1}, 400, "name"),
        ({"name": "a", "size": -1}, 400, "size"),
        ({"name": "a", "size": 2**63}, 400, "size"),
        ({"name": "a"}, 400, "size"),
        ({"name": "a", "size": 1, "sha256": "abc"}, 400, "sha256"),
        ({"name": "a", "size": 1, "content_type": "a\r\nb"}, 400, "content_type"),
        ({"name": "a", "size": 5 * 1024**4 + 1}, 413, "file_too_large"),
        ({"name": "a", "size": 5 * 1024**4}, 413, "quota_exceeded"),
    ],
)
def test_invalid_upload_request_is_refused(acme: Agency, fields: dict, status: int, field: str):
    response = acme.owner.at.post(UPLOADS, fields)

    assert response.status_code == status, response.text
    said = [fault["field"] for fault in response.json().get("errors", [])]
    assert field in [*said, response.json()["code"]]
