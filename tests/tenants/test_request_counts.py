"""Request counts are exact after a flush, across threads and processes, and per tenant."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from audit.services import SYSTEM
from tenants.lifecycle import suspend_tenant
from tenants.models import RequestCount
from tenants.request_counts import RequestCounter, add_counts
from tenants.usage import requests_by_day
from tests.support.factories import Agency
from tests.support.http_client import Site

ROOT = Path(__file__).resolve().parents[2]
COUNTS_IN_A_PROCESS = """
import sys, uuid, django
django.setup()
from tenants.request_counts import RequestCounter
counter = RequestCounter()
first, second = map(uuid.UUID, sys.argv[1:])
for turn in range(20):
    for tenant, times in ((first, 3), (second, 2)) if turn % 2 else ((second, 2), (first, 3)):
        for _ in range(times):
            counter.count(tenant)
    counter.flush()
"""


def total(tenant_id: uuid.UUID) -> int:
    return sum(requests_by_day(tenant_id).values())


def eventually(tenant_id: uuid.UUID, expected: int) -> int:
    """Return the sum when it is the expected one, or after ten seconds."""
    deadline = time.monotonic() + 10
    while (found := total(tenant_id)) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_concurrent_counts_lose_nothing(make_tenant) -> None:
    one, other, counter = make_tenant(), make_tenant(), RequestCounter()
    done = threading.Event()

    def flush_again_and_again() -> None:
        while not done.is_set():
            counter.flush()
        connection.close()

    with ThreadPoolExecutor(9) as pool:
        saving = pool.submit(flush_again_and_again)
        counted = [
            pool.submit(
                lambda: [counter.count(t.id) for _ in range(500) for t in (one, other, one)]
            )
            for _ in range(8)
        ]
        for job in counted:
            job.result()
        done.set()
        saving.result()
    counter.flush()

    assert (total(one.id), total(other.id)) == (8000, 4000)


def test_concurrent_processes_add_up_without_deadlock(make_tenant) -> None:
    one, other = make_tenant(), make_tenant()
    command = [sys.executable, "-c", COUNTS_IN_A_PROCESS, str(one.id), str(other.id)]

    running = [subprocess.Popen(command, cwd=ROOT, env=os.environ.copy()) for _ in range(3)]

    assert [process.wait(timeout=60) for process in running] == [0] * 3
    assert (total(one.id), total(other.id)) == (3 * 20 * 3, 3 * 20 * 2)


def test_failed_flush_keeps_the_counts(make_tenant) -> None:
    tenant, counter = make_tenant(), RequestCounter()
    for _ in range(3):
        counter.count(tenant.id)
    connection.ensure_connection()

    with connection.execute_wrapper(refuse), pytest.raises(ConnectionError):
        counter.flush()
    counter.count(tenant.id)
    counter.flush()

    assert total(tenant.id) == 4


def refuse(*_):
    raise ConnectionError("The database is away.")


def test_deleted_tenant_does_not_block_the_flush(make_tenant) -> None:
    tenant, today = make_tenant(), datetime.now(UTC).date()

    add_counts({(uuid.uuid4(), today): 5, (tenant.id, today): 2})

    assert total(tenant.id) == 2


def test_counts_are_kept_per_day(make_tenant) -> None:
    tenant, today = make_tenant(), datetime.now(UTC).date()
    long_ago = today.replace(year=today.year - 1)

    for _ in range(2):
        add_counts({(tenant.id, today): 2, (tenant.id, long_ago): 7})

    assert requests_by_day(tenant.id) == {today.isoformat(): 4}
    assert RequestCount.objects.get(tenant_id=tenant.id, day=long_ago).count == 14


def test_served_requests_are_counted_for_their_tenant(site: Site, new_agency) -> None:
    one, other = new_agency(), new_agency()

    for _ in range(7):
        assert one.owner.at.get("/api/users/me").status_code == 200
    assert one.host.get("/api/nothing-here").status_code == 404
    assert site.host("api").with_token(one.owner.access_token).get("/api/files").status_code == 200
    bad = {"email": "a@b.test", "password": "x", "tenant": one.slug}
    assert site.host("api").post("/api/auth/login", bad).status_code == 401
    crossing = other.host.with_token(one.owner.access_token).get("/api/users/me")
    assert crossing.status_code == 401

    assert eventually(one.ref.id, 10) == 10
    # The request counts for the tenant of the host, not for that of the token.
    assert eventually(other.ref.id, 1) == 1


def test_refused_requests_are_not_counted(site: Site, new_agency) -> None:
    agency: Agency = new_agency()
    agency.host.get("/api/health")
    site.host("nobody-is-here").get("/api/users/me")
    suspend_tenant(agency.ref.id, actor=SYSTEM)
    assert agency.owner.at.get("/api/users/me").status_code == 403

    time.sleep(2.5)
    assert total(agency.ref.id) == 0


def test_stopping_worker_saves_its_counts(make_tenant) -> None:
    tenant = make_tenant()
    program = f"""
import os, signal, time, uuid, django
django.setup()
from aggios import gunicorn
from tenants.request_counts import count_request
for _ in range(5):
    count_request(uuid.UUID("{tenant.id}"))
gunicorn.worker_exit(None, None)
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "REQUEST_COUNTS_SECONDS": "3600"}

    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=False)

    assert ended.returncode == -signal.SIGKILL
    assert total(tenant.id) == 5
