"""Ended uploads of every kind release their reservation."""

import os
import socket

import pytest
from django.conf import settings
from django.utils import timezone

from files.models import Upload
from files.storage.client import client
from files.storage.configured import tenant_storage
from files.uploads.objects import staging_name
from tenants.context import tenant_context
from tests import stack
from tests.files.test_interrupted_uploads import open_upload, wait_until
from tests.support.factories import Agency
from tests.support.files.consistency import assert_consistent, balance_of, row_sums
from tests.support.files.direct_uploads import (
    UPLOADS,
    post_complete,
    post_upload,
    try_direct_upload,
)
from tests.support.files.form_uploads import add_file, form_part
from tests.support.files.limits import assert_quota_exceeded, set_limits
from tests.support.http_client import Site

SIZE = 60_000
FORM = 1_200_000  # it is read in large chunks


def abort_upload(site: Site, agency: Agency, begun: dict) -> None:
    assert agency.owner.at.delete(f"{UPLOADS}/{begun['id']}").status_code == 204


def expire_upload(site: Site, agency: Agency, begun: dict) -> None:
    with tenant_context(agency.ref):
        Upload.objects.filter(pk=begun["id"]).update(expires_at=timezone.now())
    late = agency.owner.at.post(f"{UPLOADS}/{begun['id']}/parts", {"numbers": [1]})
    assert late.json()["reason"] == "expired"


def send_wrong_content(site: Site, agency: Agency, begun: dict) -> None:
    with tenant_context(agency.ref):
        staging = staging_name(Upload.objects.get(pk=begun["id"]))
        key = tenant_storage().key_of(staging)
    client().put_object(Bucket=settings.S3_BUCKET, Key=key, Body=b"something else")
    assert post_complete(agency.owner.at, begun).json()["code"] == "checksum_mismatch"


@pytest.mark.parametrize("end", [abort_upload, expire_upload, send_wrong_content])
def test_ended_upload_releases_its_reservation(site: Site, new_agency, end):
    agency = new_agency()
    set_limits(agency, storage_bytes=SIZE, storage_objects=1)
    begun = post_upload(agency.owner.at, "a.bin", SIZE).json()
    refused = post_upload(agency.owner.at, "b.bin", 1)
    held = balance_of(agency)

    end(site, agency, begun)
    again = try_direct_upload(site, agency.owner.at, "b.bin", os.urandom(SIZE))

    assert_quota_exceeded(refused)
    assert held == (0, 0, SIZE, 1)
    assert again.status_code == 201, again.text
    assert_consistent(agency)


def test_upload_of_a_disconnected_client_releases_its_reservation(site: Site, new_agency):
    agency = new_agency()
    set_limits(agency, storage_bytes=FORM, storage_objects=1)
    begun = form_part("file", "cut.bin", b"")[:-2] + os.urandom(FORM // 2)

    with open_upload(stack.ports["gunicorn"], agency.owner, FORM + 100) as line:
        line.sendall(begun)
        wait_until(lambda: row_sums(agency)[3] == 1)
        refused = post_upload(agency.owner.at, "b.bin", 1)
        line.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: row_sums(agency)[3] == 0)

    assert_quota_exceeded(refused)
    assert try_direct_upload(site, agency.owner.at, "b.bin", os.urandom(FORM)).status_code == 201
    assert_consistent(agency)


def test_trash_counts_until_it_is_purged(new_agency):
    agency = new_agency()
    at = agency.owner.at
    set_limits(agency, storage_bytes=SIZE, storage_objects=1)
    file = add_file(at, "a.bin", os.urandom(SIZE))
    at.delete(f"/api/files/{file['id']}")

    refused = post_upload(at, "b.bin", 1)
    gone = at.delete(f"/api/trash/{file['id']}")
    free = balance_of(agency)

    assert_quota_exceeded(refused)
    assert (gone.status_code, free) == (204, (0, 0, 0, 0))
    assert add_file(at, "b.bin", os.urandom(SIZE))["size"] == SIZE
    assert_consistent(agency)
