"""Direct uploads while a server is killed: afterwards balance, rows and store agree."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from django.db import connections
from django.utils import timezone

from devstack.testing import TestStack
from files.models import Upload
from tenants.context import tenant_context
from tests.resilience.test_process_kill import kill, wait_until_healthy
from tests.support.factories import Agency
from tests.support.files.consistency import assert_consistent
from tests.support.files.form_uploads import post_file
from tests.support.files.reconciliation import NO_GRACE, run_reconcile
from tests.support.http_client import Site
from tests.support.resilience.upload_client import UploadClient

LARGE, SMALL = 17 * 1024 * 1024, 40_000
MOMENT = 0.03  # long enough for a request to be under way
Pair = tuple[UploadClient, UploadClient]


@pytest.fixture
def prepare_kill(site: Site, stores: TestStack, victim: str) -> Callable[[], None]:
    return lambda: kill(site, stores, victim)


def create_pair(site: Site, agency: Agency, name: str) -> Pair:
    large = UploadClient(site, agency.owner.at, f"{name}-large.bin", os.urandom(LARGE))
    return large, UploadClient(site, agency.owner.at, f"{name}-small.bin", os.urandom(SMALL))


@contextmanager
def requests_in_flight(
    *asked: Callable[[], httpx.Response],
) -> Iterator[list[Future[httpx.Response]]]:
    """Send requests in the background while the block runs."""
    with ThreadPoolExecutor(len(asked)) as pool:
        futures = [pool.submit(ask) for ask in asked]
        time.sleep(MOMENT)
        yield futures


def acknowledged(future: Future[httpx.Response]) -> dict | None:
    """Return the file that the response acknowledges, if there is one."""
    try:
        response = future.result()
    except httpx.HTTPError:
        return None
    assert response.status_code in (201, 502, 503), response.text
    return response.json() if response.status_code == 201 else None


@pytest.mark.parametrize("victim", ["gunicorn workers", "seaweedfs", "postgres"])
def test_process_killed_between_upload_steps_loses_nothing(
    site: Site, new_agency, victim: str, prepare_kill: Callable[[], None]
):
    agency, kept = new_agency(), {}
    early, halfway, late = (
        create_pair(site, agency, name) for name in ("early", "halfway", "late")
    )
    form = os.urandom(LARGE)
    wait_until_healthy(site)

    for sender in early:
        sender.create()
    prepare_kill()
    for sender in (*halfway, *late):
        sender.create()
    for sender in late:
        sender.send()
    halfway[0].send(2)
    prepare_kill()
    with requests_in_flight(
        *(sender.ask_to_complete for sender in late),
        lambda: post_file(agency.owner.at, "form.bin", form),
    ) as asked:
        prepare_kill()
    output = [file for future in asked[:2] if (file := acknowledged(future))]
    for sender in (*early, *halfway, *late):
        kept[sender.finish()["id"]] = sender.sha256
    if file := acknowledged(asked[2]):
        kept[file["id"]] = hashlib.sha256(form).hexdigest()

    assert {file["id"] for file in output} <= set(kept)
    assert_reconciled(agency)
    for file_id, sha256 in kept.items():
        response = agency.owner.at.get(f"/api/files/{file_id}/content")
        assert response.status_code == 200
        assert hashlib.sha256(response.content).hexdigest() == sha256


def assert_reconciled(agency: Agency) -> None:
    """Check that after a clean-up and a repair nothing differs."""
    connections.close_all()
    with tenant_context(agency.ref):
        # Of those with a file too: a store that dies then keeps the staged bytes to that time.
        Upload.objects.update(expires_at=timezone.now())
    assert run_reconcile(agency, "--fix", *NO_GRACE)["left"] == 0
    assert run_reconcile(agency, *NO_GRACE)["differences"] == {}
    assert_consistent(agency)
