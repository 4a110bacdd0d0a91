"""Presigned upload URLs: limited to one length, one lifetime and one object."""

import os
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.utils import timezone

from files.models import Upload
from files.storage.bucket import object_location
from files.storage.client import client
from tenants.context import tenant_context
from tests.support.files.bucket import count_parts, stored_keys
from tests.support.files.consistency import assert_consistent
from tests.support.files.direct_uploads import UPLOADS, post_complete, post_upload
from tests.support.http_client import Site

MIB = 1024 * 1024


def expiry_seconds(url: str) -> int:
    return int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])


def test_part_url_accepts_only_the_reserved_length(site: Site, new_agency):
    agency = new_agency()
    begun = post_upload(agency.owner.at, "a.bin", 17 * MIB).json()
    size = begun["part_size"]
    wrong = [(0, size + 1), (0, size - 1), (0, 0), (2, size)]

    responses = [
        site.fetch(begun["urls"][at], "PUT", content=os.urandom(length)) for at, length in wrong
    ]

    assert [response.status_code for response in responses] == [403] * len(wrong)
    assert count_parts(agency) == 0
    assert agency.owner.at.delete(f"{UPLOADS}/{begun['id']}").status_code == 204


def test_upload_url_expires_with_the_upload(site: Site, new_agency):
    agency = new_agency()
    ada = agency.owner.at
    many, one = (post_upload(ada, "a.bin", size).json() for size in (17 * MIB, 5))
    first = [expiry_seconds(url) for url in (*many["urls"], *one["urls"])]
    with tenant_context(agency.ref):
        Upload.objects.update(expires_at=timezone.now() + timedelta(seconds=40))
    late = ada.post(f"{UPLOADS}/{many['id']}/parts", {"numbers": [1]}).json()["urls"]

    assert first == [settings.UPLOAD_URL_SECONDS] * 4
    assert [20 <= expiry_seconds(url) <= 40 for url in late] == [True]


def test_object_of_another_length_becomes_no_file(new_agency):
    """For a store that does not enforce the signed content length."""
    agency = new_agency()
    begun = post_upload(agency.owner.at, "a.bin", 5).json()
    staging = urlsplit(begun["urls"][0]).path.removeprefix(f"/{settings.S3_BUCKET}/")
    client().put_object(**object_location(staging), Body=b"longer than that")

    refused = post_complete(agency.owner.at, begun)

    assert (refused.status_code, refused.json()["code"]) == (422, "checksum_mismatch")
    assert stored_keys(agency) == set()
    assert_consistent(agency)
