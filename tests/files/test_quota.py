"""What a tenant may keep is never overrun, and all of it can be used."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from files.models import Balance, Upload
from files.quota import standing
from tenants.context import tenant_context
from tests import stack
from tests.files.test_interrupted_uploads import answer_on, connected, until
from tests.support.files.consistency import assert_agreed, balance_of, sums_of
from tests.support.files.direct_uploads import announced, direct
from tests.support.files.form_uploads import closing, part, send, upload, uploaded
from tests.support.files.limits import assert_refused, limit
from tests.support.http_client import Site

SIZE, MANY, FIT = 600_000, 24, 9


def chunked(size: int, piece: int = 50_000) -> Iterator[bytes]:
    """A form without a length, in pieces."""
    yield part("file", "chunked.bin", b"")[:-2]
    for start in range(0, size, piece):
        yield os.urandom(min(piece, size - start))
    yield b"\r\n" + closing()


@pytest.mark.parametrize(
    "limits",
    [
        {"storage_bytes": FIT * SIZE},
        {"storage_bytes": FIT * SIZE + SIZE - 1},
        {"storage_objects": FIT},
    ],
    ids=["bytes", "nearly one more", "objects"],
)
def test_of_many_at_once_as_many_are_kept_as_fit(site: Site, new_agency, limits: dict[str, int]):
    agency = new_agency()
    limit(agency, **limits)

    def add(number: int) -> httpx.Response:
        data, name = os.urandom(SIZE), f"{number}.bin"
        if number % 2:
            return direct(site, agency.owner.at, name, data)
        return upload(agency.owner.at, name, data)

    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(add, range(MANY)))

    kept = [answer for answer in answers if answer.status_code == 201]
    for answer in answers:
        if answer not in kept:
            assert_refused(answer)
    assert len(kept) == FIT
    assert balance_of(agency) == (FIT * SIZE, FIT, 0, 0)
    assert_agreed(agency)


@pytest.mark.parametrize("way", ["direct", "form", "chunks"])
def test_what_is_left_can_be_used_to_the_last_byte(site: Site, new_agency, way: str):
    agency = new_agency()
    at = agency.owner.at
    uploaded(at, "first.bin", b"x" * 1000)
    limit(agency, storage_bytes=1000 + SIZE)

    def add(size: int) -> httpx.Response:
        if way == "direct":
            return direct(site, at, "a.bin", os.urandom(size))
        return upload(at, "a.bin", os.urandom(size)) if way == "form" else send(at, chunked(size))

    over, fits, full = add(SIZE + 1), add(SIZE), add(1)

    assert_refused(over)
    assert (fits.status_code, fits.json()["size"]) == (201, SIZE), fits.text
    assert_refused(full)
    assert full.json()["quota"]["used_bytes"] == 1000 + SIZE
    assert_agreed(agency)


def test_an_empty_file_fits_where_no_byte_does(site: Site, new_agency):
    agency = new_agency()
    uploaded(agency.owner.at, "first.bin", b"x" * 1000)
    limit(agency, storage_bytes=1000, storage_objects=2)

    assert upload(agency.owner.at, "empty.bin", b"").status_code == 201
    assert_refused(upload(agency.owner.at, "another.bin", b""))
    assert_agreed(agency)


def test_a_body_that_cannot_fit_is_refused_unread(new_agency):
    agency = new_agency()
    limit(agency, storage_bytes=1_000_000)

    with connected(stack.ports["gunicorn"], agency.owner, 5_000_000) as line:
        answer = answer_on(line)

    assert answer == (413, "quota_exceeded")
    with tenant_context(agency.ref):
        assert not Upload.objects.exists()


def test_fields_after_the_file_are_not_taken_for_its_bytes(new_agency):
    agency = new_agency()
    limit(agency, storage_bytes=SIZE)
    parts = [part("file", "a.bin", os.urandom(SIZE)), part("path", None, b"b" * 200)]

    answer = send(agency.owner.at, parts)

    assert (answer.status_code, answer.json()["name"]) == (201, "b" * 200), answer.text
    assert_agreed(agency)


def test_a_limit_below_what_is_kept_takes_nothing_away(new_agency):
    agency = new_agency()
    file = uploaded(agency.owner.at, "a.bin", os.urandom(SIZE))
    limit(agency, storage_bytes=10)

    refused = announced(agency.owner.at, "b.bin", 1)

    assert_refused(refused)
    assert agency.owner.at.get(f"/api/files/{file['id']}/content").status_code == 200
    assert refused.json()["quota"]["used_bytes"] == SIZE


def test_a_form_holds_room_for_its_file_and_no_more(new_agency):
    agency = new_agency()
    begun = part("file", "slow.bin", b"")[:-2] + os.urandom(SIZE)
    length = len(begun) + SIZE + len(b"\r\n" + closing())

    with connected(stack.ports["gunicorn"], agency.owner, length) as line:
        line.sendall(begun)
        until(lambda: sums_of(agency)[3] == 1)
        held = balance_of(agency)

    assert held == (0, 0, 2 * SIZE, 1)
    until(lambda: sums_of(agency)[3] == 0)
    assert_agreed(agency)


def test_a_tenant_without_a_balance_is_counted_all_the_same(site: Site, new_agency):
    """One that was copied has none before it is written to."""
    agency = new_agency()
    uploaded(agency.owner.at, "a.bin", os.urandom(SIZE))
    limit(agency, storage_bytes=SIZE + 10)
    with tenant_context(agency.ref):
        Balance.objects.all().delete()
        assert standing()["used_bytes"] == SIZE
        assert not Balance.objects.exists()

    assert_refused(announced(agency.owner.at, "b.bin", 11))
    assert direct(site, agency.owner.at, "b.bin", b"x" * 10).status_code == 201
    assert_agreed(agency)
