"""Tenant credentials reach the tenant's prefix only. The store enforces that, not our code."""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.core.files.base import ContentFile
from uuid6 import uuid7

from core.problems import StorageUnavailable
from files.storage import credentials
from files.storage.bucket import head_object, object_location
from files.storage.client import client, http_status, signing_client
from files.storage.configured import tenant_storage
from files.storage.credentials import tenant_credentials
from files.storage.deletion import delete_keys, purge_key, purge_objects
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.files.bucket import noncurrent_versions, read_object, stored_keys
from tests.support.files.direct_uploads import UPLOADS
from tests.support.http_client import Site


@pytest.fixture
def credential_requests(settings, stores) -> Iterator[list[str]]:
    """Enable tenant credentials; the list collects every request for some."""
    settings.S3_TENANT_CREDENTIALS = "sts"
    found: list[str] = []
    events = credentials._sts_client().meta.events
    events.register("before-send.sts", lambda request, **_: found.append(request.url), "asked")
    tenant_credentials._cached.clear()
    yield found
    events.unregister("before-send.sts", unique_id="asked")
    tenant_credentials._cached.clear()


class Place:
    """An object of a tenant and an unfinished multipart upload."""

    def __init__(self, agency: Agency) -> None:
        self.prefix = agency.ref.object_prefix
        self.key = f"{self.prefix}/files/{uuid7()}"
        self.upload = client().create_multipart_upload(**object_location(self.key))["UploadId"]
        client().put_object(**object_location(self.key), Body=b"whole")

    @property
    def at(self) -> dict[str, str]:
        return object_location(self.key)

    @property
    def parts_at(self) -> dict[str, str]:
        return {**self.at, "UploadId": self.upload}

    @property
    def listed_at(self) -> dict[str, str]:
        return {"Bucket": self.at["Bucket"], "Prefix": f"{self.prefix}/"}


@pytest.fixture
def places(acme: Agency, globex: Agency) -> Iterator[tuple[Place, Place]]:
    """One place of acme and one of globex, which must be unchanged afterwards."""
    found = Place(acme), Place(globex)
    yield found
    for place in found:
        purge_key(place.key)


def uploaded_part(place: Place) -> dict[str, Any]:
    return client().upload_part(**place.parts_at, PartNumber=1, Body=b"part")


def complete_parts(place: Place) -> dict[str, Any]:
    parts = [{"PartNumber": 1, "ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}]
    return client().complete_multipart_upload(**place.parts_at, MultipartUpload={"Parts": parts})


# Operations on a place, some of them from our own key.
ASKED: dict[str, Callable[[Place, Place], Any]] = {
    "get": lambda own, place: client().get_object(**place.at),
    "head": lambda own, place: client().head_object(**place.at),
    "range": lambda own, place: client().get_object(**place.at, Range="bytes=0-1"),
    "put": lambda own, place: client().put_object(**place.at, Body=b"other"),
    "copy from": lambda own, place: client().copy_object(**own.at, CopySource=place.at),
    "copy to": lambda own, place: client().copy_object(**place.at, CopySource=own.at),
    "delete": lambda own, place: client().delete_object(**place.at),
    "list": lambda own, place: client().list_objects_v2(**place.listed_at),
    "list versions": lambda own, place: client().list_object_versions(**place.listed_at),
    "list uploads": lambda own, place: client().list_multipart_uploads(**place.listed_at),
    "begin": lambda own, place: client().create_multipart_upload(**place.at),
    "part": lambda own, place: uploaded_part(place),
    "part from": lambda own, place: client().upload_part_copy(
        **own.parts_at, PartNumber=2, CopySource=place.at
    ),
    "list parts": lambda own, place: client().list_parts(**place.parts_at),
    "abort": lambda own, place: client().abort_multipart_upload(**place.parts_at),
}


@pytest.mark.parametrize("name", [name for name in ASKED if name != "list uploads"])
def test_objects_of_another_tenant_are_refused_by_the_store(
    acme, globex, credential_requests, places, name: str
):
    own, theirs = places
    before = stored_keys(globex), noncurrent_versions(globex)

    with tenant_context(acme.ref), pytest.raises(ClientError) as refused:
        ASKED[name](own, theirs)

    assert (http_status(refused.value), len(credential_requests)) == (403, 1)
    assert (stored_keys(globex), noncurrent_versions(globex)) == before
    assert read_object(theirs.key) == b"whole"
    assert client().list_parts(**theirs.parts_at).get("Parts", []) == []


@pytest.mark.parametrize("name", ASKED)
def test_own_objects_are_accepted_by_the_store(acme, credential_requests, places, name: str):
    own, _ = places
    other = Place(acme)

    with tenant_context(acme.ref):
        response = ASKED[name](own, other)
        purge_key(other.key)

    assert response["ResponseMetadata"]["HTTPStatusCode"] in (200, 204, 206)
    assert len(credential_requests) == 1


def test_completion_and_batch_deletion_for_another_tenant_are_refused(
    acme, globex, credential_requests, places
):
    own, theirs = places
    uploaded_part(theirs)
    with tenant_context(acme.ref):
        with pytest.raises(ClientError, match="Denied"):
            complete_parts(theirs)
        with pytest.raises(StorageUnavailable):
            delete_keys([theirs.key])
        with pytest.raises(StorageUnavailable):
            purge_objects(theirs.prefix)
        with pytest.raises(ClientError, match="Denied"):
            client().list_objects_v2(Bucket=own.at["Bucket"])

    assert read_object(theirs.key) == b"whole"
    assert len(client().list_parts(**theirs.parts_at)["Parts"]) == 1


@pytest.mark.parametrize("operation", ["get_object", "put_object", "upload_part"])
def test_presigned_urls_work_only_for_the_own_prefix(
    site: Site, acme, credential_requests, places, operation: str
):
    method = "GET" if operation == "get_object" else "PUT"
    responses = []
    for place in places:
        at = place.at
        if operation == "upload_part":
            at = {**place.parts_at, "PartNumber": 1}
        with tenant_context(acme.ref):
            url = signing_client().generate_presigned_url(operation, Params=at, ExpiresIn=60)
        responses.append(site.fetch(url, method, content=b"" if method == "GET" else b"sent"))

    assert [response.status_code for response in responses] == [200, 403]
    assert read_object(places[1].key) == b"whole"


@pytest.fixture
def signers(stores) -> Iterator[set[str]]:
    """The access keys that signed the requests of this process."""
    found: set[str] = set()
    events = client().meta.events

    def note(request: Any, **_: Any) -> None:
        found.add(str(request.headers["Authorization"]).partition("Credential=")[2].split("/")[0])

    events.register("before-send.s3", note, "signers")
    yield found
    events.unregister("before-send.s3", unique_id="signers")


def test_files_are_stored_and_deleted_with_tenant_credentials(
    site: Site, new_agency, in_process_client, credential_requests, signers: set[str]
):
    """Every operation of users: both uploads, both downloads, versions, trash, purge."""
    agency = new_agency()
    ask, data = in_process_client(agency, agency.owner), os.urandom(17 * 1024 * 1024)
    form = ask.post("/api/files", {"file": ContentFile(data, "a.bin")})
    assert form.status_code == 201, form.content
    for size in (1000, len(data)):
        body = {"name": "a.bin", "size": size}
        begun = ask.post(UPLOADS, body, content_type="application/json").json()
        for number, url in enumerate(begun["urls"]):
            part = data[:size][number * begun["part_size"] :][: begun["part_size"]]
            sent = site.fetch(url, "PUT", content=part, headers=begun["headers"])
            assert sent.status_code == 200, sent.text
        done = ask.post(f"{UPLOADS}/{begun['id']}/complete", {}, content_type="application/json")
        assert done.status_code == 201, done.content
    file = done.json()

    link = ask.get(f"/api/files/{file['id']}/download", headers={"accept": "application/json"})
    fetched = site.fetch(link.json()["url"], "GET").content
    read = b"".join(ask.get(f"/api/files/{file['id']}/content"))
    statuses = [
        ask.post(
            f"/api/files/{file['id']}/versions/1/restore", {}, content_type="application/json"
        ).status_code,
        ask.delete(f"/api/files/{file['id']}").status_code,
        ask.delete(f"/api/trash/{file['id']}").status_code,
    ]
    used = set(signers)

    assert (fetched == data, read == data, statuses) == (True, True, [200, 204, 204])
    assert (stored_keys(agency), noncurrent_versions(agency)) == (set(), [])
    assert len(credential_requests) == 1, "Keys are kept."
    assert used == {tenant_credentials._cached[agency.ref.object_prefix].keys.access_key}


def test_tenant_credentials_are_renewed_before_expiry(acme: Agency, credential_requests, places):
    own, _ = places
    prefix = own.prefix
    with tenant_context(acme.ref):
        client().head_object(**own.at)
        first = tenant_credentials._cached[prefix]
        client().head_object(**own.at)
        assert len(credential_requests) == 1
        ending = datetime.now(UTC) + credentials.max_url_lifetime()
        tenant_credentials._cached[prefix] = replace(first, expires_at=ending)
        client().head_object(**own.at)
    second = tenant_credentials._cached[prefix]

    assert (len(credential_requests), first.keys == second.keys) == (2, False)
    assert second.expires_at > datetime.now(UTC) + timedelta(seconds=10_000)


def test_forbidden_head_of_a_missing_object_is_not_found(
    acme: Agency, globex: Agency, credential_requests, places, monkeypatch
):
    """Amazon answers 403 for a missing object; here the credentials may not read at all."""
    monkeypatch.setattr(credentials, "OBJECT_ACTIONS", ("PutObject",))
    with tenant_context(acme.ref):
        with pytest.raises(ClientError, match="403"):
            client().head_object(**object_location(f"{places[0].prefix}/files/none"))
        assert head_object(f"{places[0].prefix}/files/none") is None
        for key in (places[0].key, places[1].key, f"{places[1].prefix}/files/none"):
            with pytest.raises(StorageUnavailable):
                head_object(key)


def test_platform_credentials_are_used_outside_of_a_tenant(credential_requests, places):
    assert [client().head_object(**place.at)["ContentLength"] for place in places] == [5, 5]
    assert credential_requests == []


def test_disabled_tenant_credentials_are_never_requested(
    acme: Agency, settings, credential_requests, places
):
    settings.S3_TENANT_CREDENTIALS = "off"
    with tenant_context(acme.ref):
        assert client().head_object(**places[0].at)["ContentLength"] == 5
        assert "Security-Token" not in tenant_storage().url("files/x")
    assert credential_requests == []


def test_missing_tenant_credentials_make_the_store_unavailable(
    acme: Agency, settings, credential_requests, places
):
    settings.S3_STS_ROLE_ARN = "arn:aws:iam::000000000000:role/nobody-knows-it"
    with tenant_context(acme.ref):
        with pytest.raises(StorageUnavailable):
            client().head_object(**places[0].at)
        with pytest.raises(StorageUnavailable):
            tenant_storage().url("files/x")


def test_tenant_credentials_are_in_no_log(acme: Agency, credential_requests, places, caplog):
    caplog.set_level(logging.INFO)
    with tenant_context(acme.ref):
        client().head_object(**places[0].at)
        with pytest.raises(ClientError) as refused:
            client().head_object(**places[1].at)
    kept = tenant_credentials._cached[places[0].prefix]

    for secret in (kept.keys.secret_key, kept.keys.token):
        assert secret not in caplog.text
        assert secret not in f"{kept!r} {refused.value}"
