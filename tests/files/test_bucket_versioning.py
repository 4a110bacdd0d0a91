"""Bucket versioning keeps what others overwrite or delete; the backend deletes permanently."""

import os
from collections.abc import Iterator

import pytest
from django.utils import timezone
from uuid6 import uuid7

from files.models import FileVersion, Upload
from files.storage.client import client
from files.storage.deletion import delete_keys, purge_objects
from files.storage.setup import set_up_bucket
from files.uploads.cleanup import clean_up_due
from tenants.context import tenant_context
from tests.files.test_trash import TRASH
from tests.support.factories import Agency
from tests.support.files.bucket import noncurrent_versions, stored_keys
from tests.support.files.consistency import assert_consistent
from tests.support.files.direct_uploads import post_complete, post_upload, put_content
from tests.support.files.form_uploads import add_file
from tests.support.files.reconciliation import NO_GRACE, object_location, run_reconcile
from tests.support.http_client import Site

MIB = 1024 * 1024


@pytest.fixture
def agency(new_agency) -> Agency:
    """An agency with two files."""
    agency = new_agency()
    for name in ("a.txt", "b.txt"):
        add_file(agency.owner.at, name, os.urandom(1000))
    return agency


def first_version(agency: Agency) -> FileVersion:
    with tenant_context(agency.ref):
        return FileVersion.objects.earliest("pk")


def stored_state(agency: Agency) -> tuple[set[str], list[tuple[str, str]]]:
    return stored_keys(agency), noncurrent_versions(agency)


def test_bucket_of_the_tests_has_versioning(site: Site, stores):
    assert client().get_bucket_versioning(Bucket=stores.env["S3_BUCKET"])["Status"] == "Enabled"


@pytest.mark.parametrize("size", [100, 17 * MIB])
def test_purge_deletes_every_object_version(site: Site, new_agency, size: int):
    agency = new_agency()
    ada, data = agency.owner.at, os.urandom(size)
    add_file(ada, "a.bin", data)
    begun = post_upload(ada, "a.bin", size).json()
    put_content(site, begun, data)
    file = post_complete(ada, begun).json()
    assert_consistent(agency)

    ada.delete(f"/api/files/{file['id']}")
    assert ada.delete(f"{TRASH}/{file['id']}").status_code == 204

    assert stored_state(agency) == (set(), [])


def test_content_staged_repeatedly_leaves_nothing(site: Site, new_agency):
    agency = new_agency()
    begun = post_upload(agency.owner.at, "a.txt", 5).json()
    for data in (b"first", b"again", b"third"):
        put_content(site, begun, data)
    staged_versions = noncurrent_versions(agency)
    assert post_complete(agency.owner.at, begun).status_code == 201

    assert len(staged_versions) == 2
    assert_consistent(agency)


@pytest.mark.parametrize("size", [5, 17 * MIB])
def test_aborted_or_expired_upload_leaves_no_object_version(site: Site, new_agency, size: int):
    agency = new_agency()
    ada = agency.owner.at
    off, late = (post_upload(ada, f"{n}.bin", size).json() for n in range(2))
    for begun in (off, late, off, late):
        put_content(site, begun, os.urandom(size))
    assert ada.delete(f"/api/uploads/{off['id']}").status_code == 204
    with tenant_context(agency.ref):
        Upload.objects.filter(pk=late["id"]).update(expires_at=timezone.now())
        clean_up_due()

    assert stored_state(agency) == (set(), [])
    assert_consistent(agency)


def test_object_deleted_by_mistake_can_be_restored(agency: Agency):
    version = first_version(agency)
    place = object_location(agency, version.object_name)
    marker = client().delete_object(**place)

    output = run_reconcile(agency, "--fix", *NO_GRACE)
    lost = agency.owner.at.get(f"/api/files/{version.file_id}/content").status_code
    client().delete_object(**place, VersionId=marker["VersionId"])

    assert set(output["differences"]) == {"missing_objects"}
    assert lost == 503
    assert len(agency.owner.at.get(f"/api/files/{version.file_id}/content").content) == 1000
    assert_consistent(agency)


def test_object_overwritten_by_mistake_is_kept(agency: Agency):
    version = first_version(agency)
    client().put_object(**object_location(agency, version.object_name), Body=os.urandom(1000))

    output = run_reconcile(agency, "--fix", *NO_GRACE)

    assert output["differences"] == {}, "Sizes alone tell nothing."
    assert noncurrent_versions(agency) == [(version.object_name, "former")]


def test_noncurrent_versions_of_the_same_content_are_deleted(agency: Agency):
    name = first_version(agency).object_name
    body = client().get_object(**object_location(agency, name))["Body"].read()
    for _ in range(2):
        client().put_object(**object_location(agency, name), Body=body)

    found = run_reconcile(agency, *NO_GRACE)
    young = run_reconcile(agency, "--fix")
    repaired = run_reconcile(agency, "--fix", *NO_GRACE)

    kept = found["differences"]["former_versions"]
    assert (kept["count"], kept["examples"], found["left"]) == (1, [f"{name}, 2 kept"], 1)
    assert (young["young"], young["left"]) == (1, 0)
    assert (repaired["differences"]["former_versions"]["fixed"], repaired["left"]) == (1, 0)
    assert_consistent(agency)


def test_noncurrent_versions_without_a_row_are_deleted(agency: Agency):
    hidden, twice = (object_location(agency, f"files/{uuid7()}") for _ in range(2))
    for place in (hidden, twice, twice):
        client().put_object(**place, Body=b"nobody's")
    client().delete_object(**hidden)

    found = run_reconcile(agency, *NO_GRACE)
    repaired = run_reconcile(agency, "--fix", *NO_GRACE)

    counts = {kind: output["count"] for kind, output in found["differences"].items()}
    assert counts == {"former_versions": 1, "orphan_objects": 1}
    assert repaired["left"] == 0
    assert_consistent(agency)


def test_noncurrent_versions_of_staged_content_are_deleted(site: Site, agency: Agency):
    begun = post_upload(agency.owner.at, "c.txt", 5).json()
    for data in (b"first", b"again"):
        put_content(site, begun, data)

    seen = run_reconcile(agency)
    kept = len(noncurrent_versions(agency))
    output = run_reconcile(agency, "--fix")

    assert (seen["differences"], output["differences"]) == ({}, {})
    assert (kept, noncurrent_versions(agency)) == (1, [])
    assert post_complete(agency.owner.at, begun).status_code == 201
    assert_consistent(agency)


@pytest.fixture
def unversioned_bucket(settings, stores) -> Iterator[str]:
    """A separate bucket without versioning, deleted afterwards."""
    settings.S3_BUCKET, settings.S3_BUCKET_VERSIONING = "plain-test", False
    set_up_bucket(lambda line: None)
    yield settings.S3_BUCKET
    client().delete_bucket(Bucket=settings.S3_BUCKET)


def put_objects(bucket: str, *keys: str) -> None:
    for key in keys:
        client().put_object(Bucket=bucket, Key=key, Body=b"x")


def count_objects(bucket: str, prefix: str) -> int:
    response = client().list_object_versions(Bucket=bucket, Prefix=prefix)
    return len(response.get("Versions", [])) + len(response.get("DeleteMarkers", []))


def test_batch_deletion_without_versioning_sends_one_request(unversioned_bucket: str):
    put_objects(unversioned_bucket, *(f"t/files/{n}" for n in range(5)), "tt/other")
    asked: list[str] = []
    client().meta.events.register(
        "before-send.s3", lambda request, **_: asked.append(request.url), "counting"
    )

    delete_keys(["t/files/1", "t/files/2", "t/files/never"])
    client().meta.events.unregister("before-send.s3", unique_id="counting")
    purged = purge_objects("t")

    assert (len(asked), purged) == (1, 3)
    assert (count_objects(unversioned_bucket, "t/"), count_objects(unversioned_bucket, "tt/")) == (
        0,
        1,
    )
    delete_keys(["tt/other"])


def test_objects_older_than_versioning_are_deleted_permanently(unversioned_bucket: str, settings):
    put_objects(unversioned_bucket, "t/a", "t/b", "u/c", "u/d")
    settings.S3_BUCKET_VERSIONING = True
    set_up_bucket(lambda line: None)
    put_objects(unversioned_bucket, "t/a", "u/c")
    client().delete_object(Bucket=unversioned_bucket, Key="u/d")

    delete_keys(["t/a", "t/b"])
    deleted = count_objects(unversioned_bucket, "t/")
    purged = purge_objects("u")

    assert (deleted, purged, count_objects(unversioned_bucket, "")) == (0, 1, 0)
