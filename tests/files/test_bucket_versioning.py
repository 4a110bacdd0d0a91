"""Versioning keeps what others overwrite and delete; what the backend deletes is gone for good."""

import os
from collections.abc import Iterator

import pytest
from django.utils import timezone
from uuid6 import uuid7

from files.models import FileVersion, Upload
from files.storage.client import client
from files.storage.deletion import delete_keys, purge_objects
from files.storage.setup import set_up_bucket
from files.uploads.cleanup import settle_some
from tenants.context import tenant_context
from tests.files.test_trash import TRASH
from tests.support.factories import Agency
from tests.support.files.bucket import former_of, keys_of
from tests.support.files.consistency import assert_agreed
from tests.support.files.direct_uploads import announced, completed, sent
from tests.support.files.form_uploads import uploaded
from tests.support.files.reconciliation import NOW, compared, where
from tests.support.http_client import Site

MIB = 1024 * 1024


@pytest.fixture
def agency(new_agency) -> Agency:
    """One with two files."""
    agency = new_agency()
    for name in ("a.txt", "b.txt"):
        uploaded(agency.owner.at, name, os.urandom(1000))
    return agency


def first(agency: Agency) -> FileVersion:
    with tenant_context(agency.ref):
        return FileVersion.objects.earliest("pk")


def everything(agency: Agency) -> tuple[set[str], list[tuple[str, str]]]:
    return keys_of(agency), former_of(agency)


def test_the_bucket_of_the_tests_has_versioning(site: Site, stores):
    assert client().get_bucket_versioning(Bucket=stores.env["S3_BUCKET"])["Status"] == "Enabled"


@pytest.mark.parametrize("size", [100, 17 * MIB])
def test_what_is_purged_is_gone_with_every_version(site: Site, new_agency, size: int):
    agency = new_agency()
    ada, data = agency.owner.at, os.urandom(size)
    uploaded(ada, "a.bin", data)
    begun = announced(ada, "a.bin", size).json()
    sent(site, begun, data)
    file = completed(ada, begun).json()
    assert_agreed(agency)

    ada.delete(f"/api/files/{file['id']}")
    assert ada.delete(f"{TRASH}/{file['id']}").status_code == 204

    assert everything(agency) == (set(), [])


def test_bytes_that_land_again_and_again_leave_nothing(site: Site, new_agency):
    agency = new_agency()
    begun = announced(agency.owner.at, "a.txt", 5).json()
    for data in (b"first", b"again", b"third"):
        sent(site, begun, data)
    landed = former_of(agency)
    assert completed(agency.owner.at, begun).status_code == 201

    assert len(landed) == 2
    assert_agreed(agency)


@pytest.mark.parametrize("size", [5, 17 * MIB])
def test_an_upload_that_is_called_off_or_too_late_leaves_nothing(site: Site, new_agency, size: int):
    agency = new_agency()
    ada = agency.owner.at
    off, late = (announced(ada, f"{n}.bin", size).json() for n in range(2))
    for begun in (off, late, off, late):
        sent(site, begun, os.urandom(size))
    assert ada.delete(f"/api/uploads/{off['id']}").status_code == 204
    with tenant_context(agency.ref):
        Upload.objects.filter(pk=late["id"]).update(expires_at=timezone.now())
        settle_some()

    assert everything(agency) == (set(), [])
    assert_agreed(agency)


def test_what_an_operator_deletes_by_mistake_can_be_brought_back(agency: Agency):
    version = first(agency)
    place = where(agency, version.object_name)
    slip = client().delete_object(**place)

    told = compared(agency, "--fix", *NOW)
    lost = agency.owner.at.get(f"/api/files/{version.file_id}/content").status_code
    client().delete_object(**place, VersionId=slip["VersionId"])

    assert set(told["differences"]) == {"missing_objects"}
    assert lost == 503
    assert len(agency.owner.at.get(f"/api/files/{version.file_id}/content").content) == 1000
    assert_agreed(agency)


def test_what_an_operator_overwrites_by_mistake_is_kept(agency: Agency):
    version = first(agency)
    client().put_object(**where(agency, version.object_name), Body=os.urandom(1000))

    told = compared(agency, "--fix", *NOW)

    assert told["differences"] == {}, "Sizes alone tell nothing."
    assert former_of(agency) == [(version.object_name, "former")]


def test_versions_of_the_same_bytes_are_found_and_removed(agency: Agency):
    name = first(agency).object_name
    body = client().get_object(**where(agency, name))["Body"].read()
    for _ in range(2):
        client().put_object(**where(agency, name), Body=body)

    found = compared(agency, *NOW)
    young = compared(agency, "--fix")
    repaired = compared(agency, "--fix", *NOW)

    kept = found["differences"]["former_versions"]
    assert (kept["count"], kept["examples"], found["left"]) == (1, [f"{name}, 2 kept"], 1)
    assert (young["young"], young["left"]) == (1, 0)
    assert (repaired["differences"]["former_versions"]["fixed"], repaired["left"]) == (1, 0)
    assert_agreed(agency)


def test_versions_that_no_row_names_are_found_and_removed(agency: Agency):
    hidden, twice = (where(agency, f"files/{uuid7()}") for _ in range(2))
    for place in (hidden, twice, twice):
        client().put_object(**place, Body=b"nobody's")
    client().delete_object(**hidden)

    found = compared(agency, *NOW)
    repaired = compared(agency, "--fix", *NOW)

    counts = {kind: told["count"] for kind, told in found["differences"].items()}
    assert counts == {"former_versions": 1, "orphan_objects": 1}
    assert repaired["left"] == 0
    assert_agreed(agency)


def test_what_lands_again_and_again_is_thinned_out(site: Site, agency: Agency):
    begun = announced(agency.owner.at, "c.txt", 5).json()
    for data in (b"first", b"again"):
        sent(site, begun, data)

    seen = compared(agency)
    kept = len(former_of(agency))
    told = compared(agency, "--fix")

    assert (seen["differences"], told["differences"]) == ({}, {})
    assert (kept, former_of(agency)) == (1, [])
    assert completed(agency.owner.at, begun).status_code == 201
    assert_agreed(agency)


@pytest.fixture
def plain(settings, stores) -> Iterator[str]:
    """A bucket of its own without versioning, gone afterwards."""
    settings.S3_BUCKET, settings.S3_BUCKET_VERSIONING = "plain-test", False
    set_up_bucket(lambda line: None)
    yield settings.S3_BUCKET
    client().delete_bucket(Bucket=settings.S3_BUCKET)


def put(bucket: str, *keys: str) -> None:
    for key in keys:
        client().put_object(Bucket=bucket, Key=key, Body=b"x")


def listed(bucket: str, prefix: str) -> int:
    answer = client().list_object_versions(Bucket=bucket, Prefix=prefix)
    return len(answer.get("Versions", [])) + len(answer.get("DeleteMarkers", []))


def test_a_store_without_versioning_is_asked_once(plain: str):
    put(plain, *(f"t/files/{n}" for n in range(5)), "tt/other")
    asked: list[str] = []
    client().meta.events.register(
        "before-send.s3", lambda request, **_: asked.append(request.url), "counting"
    )

    delete_keys(["t/files/1", "t/files/2", "t/files/never"])
    client().meta.events.unregister("before-send.s3", unique_id="counting")
    purged = purge_objects("t")

    assert (len(asked), purged) == (1, 3)
    assert (listed(plain, "t/"), listed(plain, "tt/")) == (0, 1)
    delete_keys(["tt/other"])


def test_objects_from_before_versioning_are_deleted_for_good_too(plain: str, settings):
    put(plain, "t/a", "t/b", "u/c", "u/d")
    settings.S3_BUCKET_VERSIONING = True
    set_up_bucket(lambda line: None)
    put(plain, "t/a", "u/c")
    client().delete_object(Bucket=plain, Key="u/d")

    delete_keys(["t/a", "t/b"])
    deleted = listed(plain, "t/")
    purged = purge_objects("u")

    assert (deleted, purged, listed(plain, "")) == (0, 1, 0)
