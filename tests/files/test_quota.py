"""The quota is never exceeded, and all of it can be used."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from files.models import Balance, Upload
from files.quota import usage_and_limits
from tenants.context import tenant_context
from tests import stack
from tests.files.test_interrupted_uploads import open_upload, read_response, wait_until
from tests.support.files.consistency import assert_consistent, balance_of, row_sums
from tests.support.files.direct_uploads import post_upload, try_direct_upload
from tests.support.files.form_uploads import (
    add_file,
    closing_boundary,
    form_part,
    post_file,
    post_parts,
)
from tests.support.files.limits import assert_quota_exceeded, set_limits
from tests.support.http_client import Site

SIZE, MANY, FIT = 600_000, 24, 9


def chunked(size: int, piece: int = 50_000) -> Iterator[bytes]:
    """Yield a form without a length, in chunks."""
    yield form_part("file", "chunked.bin", b"")[:-2]
    for start in range(0, size, piece):
        yield os.urandom(min(piece, size - start))
    yield b"\r\n" + closing_boundary()


@pytest.mark.parametrize(
    "limits",
    [
        {"storage_bytes": FIT * SIZE},
        {"storage_bytes": FIT * SIZE + SIZE - 1},
        {"storage_objects": FIT},
    ],
    ids=["bytes", "nearly one more", "objects"],
)
def test_concurrent_uploads_are_kept_up_to_the_quota(
    site: Site, new_agency, limits: dict[str, int]
):
    agency = new_agency()
    set_limits(agency, **limits)

    def add(number: int) -> httpx.Response:
        data, name = os.urandom(SIZE), f"{number}.bin"
        if number % 2:
            return try_direct_upload(site, agency.owner.at, name, data)
        return post_file(agency.owner.at, name, data)

    with ThreadPoolExecutor(MANY) as pool:
        responses = list(pool.map(add, range(MANY)))

    kept = [response for response in responses if response.status_code == 201]
    for response in responses:
        if response not in kept:
            assert_quota_exceeded(response)
    assert len(kept) == FIT
    assert balance_of(agency) == (FIT * SIZE, FIT, 0, 0)
    assert_consistent(agency)


@pytest.mark.parametrize("way", ["direct", "form", "chunks"])
def test_quota_can_be_used_to_the_last_byte(site: Site, new_agency, way: str):
    agency = new_agency()
    at = agency.owner.at
    add_file(at, "first.bin", b"x" * 1000)
    set_limits(agency, storage_bytes=1000 + SIZE)

    def add(size: int) -> httpx.Response:
        if way == "direct":
            return try_direct_upload(site, at, "a.bin", os.urandom(size))
        return (
            post_file(at, "a.bin", os.urandom(size))
            if way == "form"
            else post_parts(at, chunked(size))
        )

    over, fits, full = add(SIZE + 1), add(SIZE), add(1)

    assert_quota_exceeded(over)
    assert (fits.status_code, fits.json()["size"]) == (201, SIZE), fits.text
    assert_quota_exceeded(full)
    assert full.json()["quota"]["used_bytes"] == 1000 + SIZE
    assert_consistent(agency)


def test_empty_file_is_accepted_by_a_full_quota(site: Site, new_agency):
    agency = new_agency()
    add_file(agency.owner.at, "first.bin", b"x" * 1000)
    set_limits(agency, storage_bytes=1000, storage_objects=2)

    assert post_file(agency.owner.at, "empty.bin", b"").status_code == 201
    assert_quota_exceeded(post_file(agency.owner.at, "another.bin", b""))
    assert_consistent(agency)


def test_body_above_the_quota_is_refused_unread(new_agency):
    agency = new_agency()
    set_limits(agency, storage_bytes=1_000_000)

    with open_upload(stack.ports["gunicorn"], agency.owner, 5_000_000) as line:
        response = read_response(line)

    assert response == (413, "quota_exceeded")
    with tenant_context(agency.ref):
        assert not Upload.objects.exists()


def test_fields_after_the_file_do_not_count_as_content(new_agency):
    agency = new_agency()
    set_limits(agency, storage_bytes=SIZE)
    parts = [form_part("file", "a.bin", os.urandom(SIZE)), form_part("path", None, b"b" * 200)]

    response = post_parts(agency.owner.at, parts)

    assert (response.status_code, response.json()["name"]) == (201, "b" * 200), response.text
    assert_consistent(agency)


def test_quota_below_the_usage_deletes_nothing(new_agency):
    agency = new_agency()
    file = add_file(agency.owner.at, "a.bin", os.urandom(SIZE))
    set_limits(agency, storage_bytes=10)

    refused = post_upload(agency.owner.at, "b.bin", 1)

    assert_quota_exceeded(refused)
    assert agency.owner.at.get(f"/api/files/{file['id']}/content").status_code == 200
    assert refused.json()["quota"]["used_bytes"] == SIZE


def test_form_reserves_the_size_of_its_file(new_agency):
    agency = new_agency()
    begun = form_part("file", "slow.bin", b"")[:-2] + os.urandom(SIZE)
    length = len(begun) + SIZE + len(b"\r\n" + closing_boundary())

    with open_upload(stack.ports["gunicorn"], agency.owner, length) as line:
        line.sendall(begun)
        wait_until(lambda: row_sums(agency)[3] == 1)
        held = balance_of(agency)

    assert held == (0, 0, 2 * SIZE, 1)
    wait_until(lambda: row_sums(agency)[3] == 0)
    assert_consistent(agency)


def test_quota_without_a_balance_row_is_computed(site: Site, new_agency):
    """A cloned tenant has no balance row before its first write."""
    agency = new_agency()
    add_file(agency.owner.at, "a.bin", os.urandom(SIZE))
    set_limits(agency, storage_bytes=SIZE + 10)
    with tenant_context(agency.ref):
        Balance.objects.all().delete()
        assert usage_and_limits()["used_bytes"] == SIZE
        assert not Balance.objects.exists()

    assert_quota_exceeded(post_upload(agency.owner.at, "b.bin", 11))
    assert try_direct_upload(site, agency.owner.at, "b.bin", b"x" * 10).status_code == 201
    assert_consistent(agency)
