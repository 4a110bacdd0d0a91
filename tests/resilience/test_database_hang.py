"""A suspended PostgreSQL: requests end with a 503, and recover when it continues."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest

from devstack.testing import TestStack
from tests.resilience.test_process_kill import assert_proper_failure, wait_until_healthy
from tests.support.http_client import Site

# Five seconds for the first statement, three for another connection, and a margin.
AT_MOST = 45


@contextmanager
def suspended(pid: int) -> Iterator[None]:
    """Suspend a process and its children while the block runs."""
    family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    for member in family:
        os.kill(member, signal.SIGSTOP)
    try:
        yield
    finally:
        for member in family:
            os.kill(member, signal.SIGCONT)


@pytest.mark.nightly  # 11 s
def test_hanging_database_answers_503_in_time(site: Site, stores: TestStack):
    wait_until_healthy(site)
    server = f"http://127.0.0.1:{stores.ports['gunicorn']}"
    host = {"host": f"nobody.{stores.env['BASE_DOMAIN']}"}

    with suspended(stores.pid("postgres")):
        response = httpx.get(f"{server}/api/users/me", headers=host, timeout=AT_MOST)
        assert_proper_failure(response)
        ready = httpx.get(f"{server}/api/health/ready", timeout=AT_MOST)
        assert (ready.status_code, ready.json()) == (503, {"status": "down"})

    wait_until_healthy(site)
    assert httpx.get(f"{server}/api/users/me", headers=host, timeout=AT_MOST).status_code == 404
