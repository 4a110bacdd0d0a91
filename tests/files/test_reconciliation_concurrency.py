"""Reconciliation during uploads: no new object is deleted, and everything is counted."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.factories import Agency
from tests.support.files.consistency import assert_consistent, stored_sizes
from tests.support.files.direct_uploads import try_direct_upload
from tests.support.files.form_uploads import post_file
from tests.support.files.reconciliation import (
    NO_GRACE,
    add_orphan,
    add_staged_object,
    corrupt_balance,
    run_reconcile,
)
from tests.support.http_client import Site

REPETITIONS = 6
LARGE = 17 * 1024 * 1024
Add = Callable[[str, bytes], object]


@contextmanager
def background_uploads(site: Site, agency: Agency, kept: dict[str, str]) -> Iterator[None]:
    """Upload in every way while the block runs; ``kept`` gets what was acknowledged."""
    at, stop = agency.owner.at, threading.Event()

    def loop(way: str, size: int) -> None:
        turn = 0
        while not stop.is_set() or not turn:
            turn += 1
            name, data = f"{way}-{turn}.bin", os.urandom(size)
            form = way == "form"
            response = (
                post_file(at, name, data) if form else try_direct_upload(site, at, name, data)
            )
            assert response.status_code == 201, response.text
            kept[response.json()["id"]] = hashlib.sha256(data).hexdigest()

    ways = [("form", 50_000), ("single", 50_000), ("multipart", LARGE)]
    threads = [threading.Thread(target=loop, args=way) for way in ways]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_concurrent_uploads_lose_nothing(site: Site, new_agency):
    agency, kept, found = new_agency(), {}, {}
    add_orphan(agency)
    add_staged_object(agency)

    with background_uploads(site, agency, kept):
        for _ in range(REPETITIONS):
            if stored_sizes(agency):
                found |= run_reconcile(agency, "--fix", *NO_GRACE)["differences"]
            corrupt_balance(agency)
        run_reconcile(agency, "--fix", *NO_GRACE)

    assert {"orphan_objects", "landing_leftovers", "balance"} == set(found)
    assert found["orphan_objects"]["count"] == found["landing_leftovers"]["count"] == 1
    assert {name.partition("-")[0] for name in file_names(agency)} == {
        "form",
        "single",
        "multipart",
    }
    for file_id, sha256 in kept.items():
        content = agency.owner.at.get(f"/api/files/{file_id}/content").content
        assert hashlib.sha256(content).hexdigest() == sha256
    assert_consistent(agency)


def file_names(agency: Agency) -> list[str]:
    listed = agency.owner.at.get("/api/files?limit=200").json()["results"]
    return [file["name"] for file in listed]
