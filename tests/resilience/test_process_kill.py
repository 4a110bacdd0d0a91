"""``kill -9`` of one process under load: it is restarted, and no acknowledged write is lost."""

import hashlib
import os
import signal
import time
from collections.abc import Callable

import httpx
import pytest

from devstack.testing import TestStack
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.resilience.traffic import TrafficLog, background_traffic

RESPONSES = 30  # responses before the kill, and again after it
PART = {"postgres": "database", "valkey": "cache", "seaweedfs": "storage"}


def kill_all_workers(stores: TestStack) -> None:
    """Kill every worker of gunicorn, and wait until all of them are replaced."""
    old = set(stores.children("gunicorn"))
    assert old, "gunicorn has no workers"
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while old & set(stores.children("gunicorn")) or not stores.children("gunicorn"):
        assert time.monotonic() < deadline, "gunicorn did not replace its workers"
        time.sleep(0.05)


def kill(site: Site, stores: TestStack, victim: str) -> None:
    """Kill a server with its children, and wait until the site is healthy again."""
    if victim == "gunicorn workers":
        kill_all_workers(stores)
    else:
        stores.kill(victim)
        stores.wait_ready(victim)
    wait_until_healthy(site)


def wait_until_healthy(site: Site, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        response = site.host().get("/api/health")
        if response.status_code == 200 and response.json()["status"] == "ok":
            return
        time.sleep(0.1)
    pytest.fail(f"still not well: {response.status_code} {response.text}")


def wait_for_responses(log: TrafficLog, seconds: float = 60) -> int:
    """Wait until ``RESPONSES`` more answers have come; return how many there are."""
    wanted, deadline = len(log.responses) + RESPONSES, time.monotonic() + seconds
    while len(log.responses) < wanted:
        assert time.monotonic() < deadline, "the traffic stands still"
        time.sleep(0.02)
    return len(log.responses)


def assert_proper_failure(response: httpx.Response) -> None:
    """Check that a failure is a 503 as problem+json with Retry-After."""
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    assert response.json()["status"] == response.status_code
    assert response.status_code == 503, response.text
    assert int(response.headers["Retry-After"]) > 0


def assert_kept(agency: Agency, log: TrafficLog) -> None:
    """Check that every acknowledged write exists."""
    at = agency.owner.at
    last = at.get("/api/users/me").json()["first_name"]
    turn = int(last.removeprefix("turn "))
    # The last write may exist without its response; no other may be missing.
    assert turn >= int(log.names[-1].removeprefix("turn "))
    for file_id, sha256 in log.files.items():
        content = at.get(f"/api/files/{file_id}/content")
        assert content.status_code == 200
        assert hashlib.sha256(content.content).hexdigest() == sha256


@pytest.mark.parametrize("victim", ["valkey", "seaweedfs", "postgres", "gunicorn workers"])
def test_killed_process_recovers_and_loses_nothing(
    site: Site, stores: TestStack, new_agency: Callable[..., Agency], victim: str
):
    agency = new_agency()
    wait_until_healthy(site)

    with background_traffic(agency.owner.at) as log:
        wait_for_responses(log)
        kill(site, stores, victim)
        wait_for_responses(log)

    assert log.cut_off == []
    for response in log.failures:
        assert_proper_failure(response)
    assert log.responses[-1].is_success
    assert log.names, "nothing was written"
    assert log.files, "nothing was uploaded"
    assert_kept(agency, log)


def test_health_names_the_unavailable_service(site: Site, stores: TestStack):
    """Each server is suspended for a moment; the health endpoint names this one only."""
    for victim, part in PART.items():
        stores.stop(victim)
        try:
            response = httpx.get(
                f"http://127.0.0.1:{stores.ports['gunicorn']}/api/health", timeout=30
            )
            body = response.json()
            down = [name for name, check in body["checks"].items() if check["status"] == "down"]
            assert down == [part]
            assert body["status"] == ("down" if part == "database" else "degraded")
            assert response.status_code == (503 if part == "database" else 200)
        finally:
            stores.start_ready(victim)
    wait_until_healthy(site)
