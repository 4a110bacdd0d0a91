"""Uploads through the backend: stored under the tenant's prefix, and read back unchanged."""

import os

import pytest

from audit.models import AuditEvent
from files.models import File, FileVersion, Upload
from files.storage.writer import PART_BYTES
from tenants.context import tenant_context
from tests.support.factories import Agency, Person
from tests.support.files.bucket import read_object, sha256, stored_keys, unfinished_multiparts
from tests.support.files.form_uploads import (
    add_file,
    closing_boundary,
    form_part,
    post_file,
    post_parts,
)


def test_upload_is_stored_under_the_tenants_prefix(acme: Agency):
    before = stored_keys(acme)

    response = post_file(acme.owner.at, "first-report.pdf", b"%PDF-1.7 numbers")

    (key,) = stored_keys(acme) - before
    assert response.status_code == 201
    body = response.json()
    assert body == {
        "id": body["id"],
        "name": "first-report.pdf",
        "size": 16,
        "content_type": "application/pdf",
        "sha256": sha256(b"%PDF-1.7 numbers"),
        "version": 1,
        "owner": acme.owner.id,
        "created_at": body["created_at"],
        "updated_at": body["updated_at"],
    }
    assert response.headers["Location"] == f"/api/files/{body['id']}"
    assert key.startswith(f"{acme.ref.object_prefix}/files/")
    assert "report" not in key
    assert read_object(key) == b"%PDF-1.7 numbers"


@pytest.mark.parametrize(
    "size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 2 * PART_BYTES + 7]
)
def test_upload_around_the_part_size_round_trips(acme: Agency, size: int):
    data = os.urandom(size)
    before = stored_keys(acme)

    body = add_file(acme.owner.at, f"size-{size}.bin", data)

    (key,) = stored_keys(acme) - before
    assert (body["size"], body["sha256"]) == (size, sha256(data))
    assert sha256(read_object(key)) == sha256(data)
    assert unfinished_multiparts(acme) == []


def test_fifty_megabyte_upload_round_trips(acme: Agency, site):
    data = os.urandom(1024 * 1024) * 50

    body = add_file(acme.owner.at, "film.mp4", data)
    link = acme.owner.at.get(f"/api/files/{body['id']}/download").headers["Location"]

    fetched = site.fetch(link)
    assert fetched.status_code == 200
    assert body["sha256"] == sha256(fetched.content) == sha256(data)


def test_chunked_upload_without_length_is_accepted(acme: Agency):
    pieces = [os.urandom(100_000) for _ in range(100)]
    whole = b"".join(pieces)
    head, tail = form_part("file", "chunked.bin", b"\0").split(b"\0")

    response = post_parts(acme.owner.at, iter([head, *pieces, tail, closing_boundary()]))

    assert response.status_code == 201, response.text
    assert response.json()["sha256"] == sha256(whole)


def test_upload_of_a_used_name_makes_a_new_version(acme: Agency):
    first = add_file(acme.owner.at, "twice.txt", b"one")
    second = add_file(acme.owner.at, "twice.txt", b"two")

    with tenant_context(acme.ref):
        versions = list(
            FileVersion.objects.filter(file_id=first["id"]).order_by("number").values_list("sha256")
        )
    assert (second["id"], second["version"]) == (first["id"], 2)
    assert versions == [(sha256(b"one"),), (sha256(b"two"),)]


def test_upload_of_another_users_name_makes_another_file(acme: Agency, ben: Person):
    ours = add_file(acme.owner.at, "shared-name.txt")
    theirs = add_file(ben.at, "shared-name.txt")

    assert ours["id"] != theirs["id"]
    assert theirs["version"] == 1


def test_upload_is_audited(acme: Agency):
    body = add_file(acme.owner.at, "recorded.txt", b"x")

    with tenant_context(acme.ref):
        event = AuditEvent.objects.get(action="file.uploaded", target_id=body["id"])
        states = set(Upload.objects.values_list("state", flat=True))
    assert event.actor_id == acme.owner.id
    assert event.details == {"version": 1, "size": 1, "sha256": sha256(b"x")}
    assert "ready" in states
    assert "pending" not in states


def test_other_fields_and_files_are_ignored(acme: Agency):
    before = stored_keys(acme)

    response = post_parts(
        acme.owner.at,
        [
            form_part("note", None, b"hello"),
            form_part("other", "other.bin", b"skipped"),
            form_part("file", "wanted.bin", b"kept"),
            form_part("owner", None, b"somebody else"),
        ],
    )

    (key,) = stored_keys(acme) - before
    assert response.status_code == 201, response.text
    assert read_object(key) == b"kept"
    assert response.json()["owner"] == acme.owner.id


@pytest.mark.parametrize("place", ["before", "after"])
def test_path_field_sets_the_name_with_folders(acme: Agency, place: str):
    parts = [
        form_part("path", None, b"reports/q1.pdf"),
        form_part("file", "tmp1", b"%PDF-1.7 here"),
    ]

    response = post_parts(acme.owner.at, parts if place == "before" else parts[::-1])

    assert response.status_code == 201, response.text
    assert response.json()["name"] == "reports/q1.pdf"
    assert response.json()["content_type"] == "application/pdf"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], "required"),
        ([form_part("file", None, b"text")], "required"),
        ([form_part("file", "", b"")], "required"),
        ([form_part("upload", "a.txt", b"a")], "required"),
        ([form_part("file", "a.txt", b"a"), form_part("file", "b.txt", b"b")], "repeated"),
    ],
)
def test_form_without_exactly_one_file_is_refused(acme: Agency, parts, code: str):
    before = stored_keys(acme)

    response = post_parts(acme.owner.at, parts)

    assert response.status_code == 400, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [("file", code)]
    assert stored_keys(acme) == before


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("application/json", 415, "unsupported_media_type"),
        ("multipart/form-data", 400, "malformed_body"),
        ("multipart/form-data; boundary=", 400, "malformed_body"),
    ],
)
def test_body_that_is_not_a_form_is_refused(
    acme: Agency, content_type: str, status: int, code: str
):
    response = acme.owner.at.request(
        "POST", "/api/files", content=b"{}", headers={"Content-Type": content_type}
    )

    assert (response.status_code, response.json()["code"]) == (status, code)


def test_upload_without_credentials_is_refused(acme: Agency):
    before = stored_keys(acme)

    response = post_file(acme.host, "anonymous.txt")

    assert response.status_code == 401
    assert stored_keys(acme) == before


def test_upload_on_the_api_host_uses_the_tenant_of_the_token(acme: Agency, site):
    before = stored_keys(acme)

    body = add_file(site.host("api").with_token(acme.owner.access_token), "via-api.txt")

    (key,) = stored_keys(acme) - before
    with tenant_context(acme.ref):
        assert File.objects.filter(pk=body["id"]).exists()
    assert key.startswith(acme.ref.object_prefix)
