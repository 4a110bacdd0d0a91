"""Creation of tenants in bulk, until there are as many as a benchmark needs."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable

import psycopg
from rich.progress import Progress

from bench.harness.report import console
from bench.harness.servers import database_of, web_environment
from devstack.home import CHECKOUT
from devstack.testing import TestStack

PROCESSES = 2
# The schema of the template has a name of the same form, with zeros only.
COUNT = (
    "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$' AND nspname !~ '^t_0+$'"
)


def fill_up(stack: TestStack, wanted: int) -> int:
    """Create tenants until there are ``wanted``, and return their number.

    Raises:
        RuntimeError: A process that creates them failed.
    """
    missing = wanted - _count(stack)
    if missing <= 0:
        return wanted - missing
    # Names are unique: numbers of earlier calls are lower than the current count.
    borders = [wanted - missing + missing * part // PROCESSES for part in range(PROCESSES + 1)]
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"Filling up to {wanted} tenants", total=missing)
        threads = [
            _FillThread(stack, first, last, lambda count: progress.advance(task, count))
            for first, last in itertools.pairwise(borders)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if any(thread.status for thread in threads):
        raise RuntimeError("creating tenants failed; see the message above")
    _checkpoint(stack)
    return _count(stack)


class _FillThread(threading.Thread):
    """Runs one process and reports its progress."""

    def __init__(
        self, stack: TestStack, first: int, last: int, advance: Callable[[int], None]
    ) -> None:
        super().__init__()
        self.status = 0
        module = "bench.harness.provision"
        self._command = [sys.executable, "-m", module, "bulk", str(first), str(last)]
        self._environment = web_environment(stack)
        self._advance = advance

    def run(self) -> None:
        process = subprocess.Popen(
            self._command,
            cwd=CHECKOUT,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            self._advance(int(line))
        self.status = process.wait()


def _count(stack: TestStack) -> int:
    with _superuser(stack) as connection:
        row = connection.execute(COUNT).fetchone()
        assert row is not None
        return int(row[0])


def _checkpoint(stack: TestStack) -> None:
    """Write dirty pages now, so that they do not slow down a measurement."""
    with _superuser(stack) as connection:
        connection.execute("CHECKPOINT")


def _superuser(stack: TestStack) -> psycopg.Connection:
    parameters = psycopg.conninfo.conninfo_to_dict(stack.env["DATABASE_SUPERUSER_URL"])
    parameters["dbname"] = database_of(stack.env["DATABASE_URL"])
    return psycopg.connect(autocommit=True, **parameters)
