"""Start traefik/problems.py as its container does."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx

from tests.support.compose import ROOT
from traefik.problems import PROBLEMS

PROGRAM = ROOT / "traefik" / "problems.py"
TYPE_BASE = "https://aggios.test/errors/"
ID = "abc-1234"


def check(port: int) -> bool:
    """Run the container's health check."""
    command = [sys.executable, str(PROGRAM), "--check"]
    return subprocess.run(command, env={"PORT": str(port)}, check=False).returncode == 0


@contextlib.contextmanager
def running_error_program(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run it on loopback and end it afterwards. Raises AssertionError if it does not start."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        cwd=os.sep,
        env={"HOST": "127.0.0.1", "PORT": str(port), "PROBLEM_TYPE_BASE": TYPE_BASE},
    )
    try:
        deadline = time.monotonic() + 20
        while not check(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield process
    finally:
        process.kill()
        process.wait(timeout=5)


def is_problem(answer: httpx.Response, status: int, request_id: str = ID) -> bool:
    """Hold the whole answer against the contract; True, so that it can be asserted."""
    problem = PROBLEMS[status]
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == request_id
    assert answer.headers["X-API-Version"] == "v1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) == (status in (429, 503))
    assert answer.json() == {
        "type": f"{TYPE_BASE}{problem.code}",
        "title": problem.title,
        "status": status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    return True
