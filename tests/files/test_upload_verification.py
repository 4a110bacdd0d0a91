"""Background verification of large uploads: it happens after the response, and is never lost."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from audit.models import AuditEvent
from files.models import FileVersion, Upload
from files.storage.client import client
from files.uploads.cleanup import clean_up_due
from files.uploads.verification import verify_due
from tenants.context import NoTenant, tenant_context
from tests import stack
from tests.support.factories import Agency
from tests.support.files.bucket import sha256, stored_keys
from tests.support.files.consistency import assert_consistent, balance_of
from tests.support.files.direct_uploads import UPLOADS, post_upload, put_content
from tests.support.http_client import Host, Site

MIB = 1024 * 1024
DATA = os.urandom(17 * MIB)
TIMEOUT = 60
Complete = Callable[[Agency, dict[str, Any]], Any]


@pytest.fixture
def complete(in_process_client, settings) -> Complete:
    """Complete an upload inside this process, with a low limit for large uploads."""
    settings.UPLOAD_SYNC_VERIFY_MAX_BYTES = MIB
    return lambda agency, begun: in_process_client(agency, agency.owner).post(
        f"{UPLOADS}/{begun['id']}/complete", "{}", content_type="application/json"
    )


@pytest.fixture
def no_verifier(site: Site) -> Iterator[None]:
    """Stop the site's own verifier during the test."""
    stack.stop("verifier")
    yield
    stack.start_ready("verifier")


def send_upload(site: Site, agency: Agency, data: bytes = DATA, **fields: Any) -> dict[str, Any]:
    """Send all content of an upload, without completing it."""
    begun = post_upload(agency.owner.at, "film.bin", len(data), **fields).json()
    put_content(site, begun, data)
    return begun


def wait_for_end(host: Host, begun: dict[str, Any]) -> dict[str, Any]:
    """Wait until it is verified, and return its final state."""
    deadline = time.monotonic() + TIMEOUT
    while (seen := host.get(f"{UPLOADS}/{begun['id']}").json())["state"] == "verifying":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return seen


def complete_again(host: Host, begun: dict[str, Any]) -> httpx.Response:
    return host.post(f"{UPLOADS}/{begun['id']}/complete")


def run_once(agency: Agency) -> int:
    """Run the command, and return how many uploads of this agency it ended.

    The number that it prints counts all tenants: another test's upload can be due again.
    """
    before = count_waiting(agency)
    call_command("verify_uploads", "--once", "--json", stdout=io.StringIO())
    return before - count_waiting(agency)


def count_waiting(agency: Agency) -> int:
    with tenant_context(agency.ref):
        return Upload.objects.filter(state="pending", verify_at__isnull=False).count()


def set_due(agency: Agency, **to: Any) -> None:
    with tenant_context(agency.ref):
        Upload.objects.update(**to)


def in_threads(act: Callable[[int], int]) -> list[int]:
    """Run it in six threads at the same time."""

    def alone(number: int) -> int:
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(alone, range(6)))


def events(agency: Agency) -> list[str]:
    with tenant_context(agency.ref):
        rows = AuditEvent.objects.filter(action__regex="^(upload|file)").order_by("id")
        return list(rows.values_list("action", flat=True))


def test_verifier_process_completes_a_large_upload(site: Site, new_agency, complete):
    agency = new_agency()
    ada, begun = agency.owner.at, send_upload(site, agency, sha256=sha256(DATA))

    response = complete(agency, begun)
    seen = wait_for_end(ada, begun)
    done = complete_again(ada, begun)

    assert (response.status_code, response.json()["state"]) == (202, "verifying")
    assert response["Location"].endswith(f"{UPLOADS}/{begun['id']}")
    assert int(response["Retry-After"]) > 0
    assert (seen["state"], seen["reason"]) == ("ready", "")
    assert (done.status_code, done.json()["sha256"]) == (201, sha256(DATA))
    assert events(agency) == ["upload.received", "file.uploaded"]
    assert ada.get(f"/api/files/{done.json()['id']}/content").content == DATA
    assert_consistent(agency)


def test_verification_of_a_mismatch_leaves_nothing(site: Site, new_agency, complete):
    agency = new_agency()
    ada, begun = agency.owner.at, send_upload(site, agency, sha256=sha256(b"other"))

    response = complete(agency, begun)
    seen = wait_for_end(ada, begun)
    refused = complete_again(ada, begun)

    assert response.status_code == 202
    assert (seen["state"], seen["reason"]) == ("failed", "mismatch")
    assert (refused.status_code, refused.json()["code"]) == (422, "checksum_mismatch")
    assert events(agency) == ["upload.received", "upload.refused"]
    assert stored_keys(agency) == set()
    assert_consistent(agency)


def test_upload_under_verification_accepts_no_change(
    site: Site, new_agency, globex, complete, no_verifier
):
    agency = new_agency()
    ada, begun = agency.owner.at, send_upload(site, agency)
    where = f"{UPLOADS}/{begun['id']}"
    complete(agency, begun)
    set_due(agency, expires_at=timezone.now())
    with tenant_context(agency.ref):
        cleaned_up = clean_up_due()

    more = ada.post(f"{where}/parts", {"numbers": [1]})
    repeated = complete_again(ada, begun)
    others = [globex.owner.at.get(where), globex.owner.at.delete(where)]

    assert cleaned_up == 0
    assert (more.status_code, more.json()["code"]) == (409, "upload_verifying")
    assert (repeated.status_code, repeated.json()["state"]) == (202, "verifying")
    assert [response.status_code for response in others] == [404, 404]
    assert balance_of(agency) == (0, 0, len(DATA), 1)
    assert ada.get("/api/files").json()["results"] == []
    assert run_once(agency) == 1
    assert complete_again(ada, begun).status_code == 201
    assert_consistent(agency)


def test_abort_before_verification_leaves_nothing(site: Site, new_agency, complete, no_verifier):
    agency = new_agency()
    ada, begun = agency.owner.at, send_upload(site, agency)
    complete(agency, begun)

    gone = ada.delete(f"{UPLOADS}/{begun['id']}")

    assert gone.status_code == 204
    assert run_once(agency) == 0
    assert events(agency) == ["upload.received", "upload.aborted"]
    assert stored_keys(agency) == set()
    assert_consistent(agency)


def test_abort_during_verification_creates_no_file(site: Site, new_agency, complete, no_verifier):
    agency = new_agency()
    ada, begun = agency.owner.at, send_upload(site, agency)
    complete(agency, begun)
    calls = iter([ada.get, ada.get, ada.delete, *[ada.get] * 100])

    with tenant_context(agency.ref):
        verify_due(lambda: next(calls)(f"{UPLOADS}/{begun['id']}").status_code not in (200, 204))

        assert Upload.objects.get().verify_attempts == 1
    assert wait_for_end(ada, begun)["reason"] == "aborted"
    assert stored_keys(agency) == set()
    assert_consistent(agency)


def test_stopped_verifier_leaves_the_upload_to_the_next(
    site: Site, new_agency, complete, no_verifier
):
    agency = new_agency()
    begun = send_upload(site, agency)
    complete(agency, begun)
    output = iter([False, False, False, True])

    with tenant_context(agency.ref):
        broken_off = verify_due(lambda: next(output, True))
        left = Upload.objects.get()

    assert (broken_off, left.state, left.verify_attempts) == (0, "pending", 1)
    assert left.verify_at <= timezone.now()
    assert run_once(agency) == 1
    assert_consistent(agency)


def test_killed_verifier_is_followed_by_another(site: Site, new_agency, complete, no_verifier):
    agency, data = new_agency(), os.urandom(96 * MIB)
    begun = send_upload(site, agency, data)
    complete(agency, begun)
    command = [sys.executable, "manage.py", "verify_uploads", "--once"]
    env = {**os.environ, **stack.env}
    with subprocess.Popen(command, env=env) as verifier:
        with tenant_context(agency.ref):
            while not Upload.objects.filter(verify_attempts=1).exists():
                assert verifier.poll() is None
        verifier.send_signal(signal.SIGKILL)

    early = run_once(agency)
    set_due(agency, verify_at=timezone.now())

    assert early == 0  # the lease has not ended
    done = subprocess.run([*command, "--json"], env=env, capture_output=True, check=True)
    assert json.loads(done.stdout)["verified"] >= 1
    assert b"upload_verification_started" in done.stderr
    assert complete_again(agency.owner.at, begun).json()["sha256"] == sha256(data)
    assert_consistent(agency)


@pytest.mark.nightly
def test_verification_is_retried_when_the_store_is_unavailable(
    site: Site, new_agency, complete, no_verifier
):
    agency = new_agency()
    begun = send_upload(site, agency)
    complete(agency, begun)

    stack.stop("seaweedfs")
    try:
        with tenant_context(agency.ref):
            assert verify_due() == 0
            late = Upload.objects.get()
    finally:
        stack.start_ready("seaweedfs")
    set_due(agency, verify_at=timezone.now())

    assert (late.state, late.verify_attempts) == ("pending", 1)
    assert late.verify_at > timezone.now()
    assert run_once(agency) == 1
    assert complete_again(agency.owner.at, begun).status_code == 201
    assert_consistent(agency)


def test_missing_object_releases_its_reservation(site: Site, new_agency, complete, no_verifier):
    agency = new_agency()
    begun = send_upload(site, agency)
    complete(agency, begun)
    [key] = stored_keys(agency)
    client().delete_object(Bucket=stack.env["S3_BUCKET"], Key=key)

    assert run_once(agency) == 1
    assert wait_for_end(agency.owner.at, begun)["reason"] == "interrupted"
    assert complete_again(agency.owner.at, begun).json()["code"] == "upload_ended"
    assert_consistent(agency)


def test_concurrent_verifiers_create_one_file(site: Site, new_agency, complete, no_verifier):
    agency = new_agency()
    begun = send_upload(site, agency)

    def read(_: int) -> int:
        with tenant_context(agency.ref):
            return verify_due()

    responses = in_threads(lambda _: complete(agency, begun).status_code)
    counts = in_threads(read)

    assert responses == [202] * 6
    assert sorted(counts) == [0, 0, 0, 0, 0, 1]
    with tenant_context(agency.ref):
        assert FileVersion.objects.count() == 1
    assert events(agency) == ["upload.received", "file.uploaded"]
    assert_consistent(agency)


def test_verification_outside_of_a_tenant_raises():
    with pytest.raises(NoTenant):
        verify_due()
