"""Making tenants until there are as many as a benchmark wants, in two processes."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable

import psycopg
from rich.progress import Progress

from bench.harness.report import console
from bench.harness.servers import web_environment
from bench.statements import database_of
from devstack.home import CHECKOUT
from devstack.testing import TestStack

PROCESSES = 2
# The template's schema has a name like the others, of zeros alone.
COUNT = (
    "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$' AND nspname !~ '^t_0+$'"
)


def fill_up(stack: TestStack, wanted: int) -> int:
    """Make tenants until there are ``wanted``, and return how many there are now.

    Raises RuntimeError when a process that makes them fails.
    """
    missing = wanted - _count(stack)
    if missing <= 0:
        return wanted - missing
    # Numbers of earlier calls are lower than the count of tenants, so names do not meet.
    borders = [wanted - missing + missing * part // PROCESSES for part in range(PROCESSES + 1)]
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"Filling up to {wanted} tenants", total=missing)
        threads = [
            _Filler(stack, first, last, lambda made: progress.advance(task, made))
            for first, last in itertools.pairwise(borders)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if any(thread.status for thread in threads):
        raise RuntimeError("filling up with tenants failed; see the message above")
    _settle(stack)
    return _count(stack)


class _Filler(threading.Thread):
    """Waits for one process."""

    def __init__(
        self, stack: TestStack, first: int, last: int, advance: Callable[[int], None]
    ) -> None:
        super().__init__()
        self.status = 0
        self._command = [sys.executable, "-m", "bench.harness.provision", str(first), str(last)]
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
    with _superuser(stack) as inside:
        row = inside.execute(COUNT).fetchone()
        assert row is not None
        return int(row[0])


def _settle(stack: TestStack) -> None:
    """Write out what was made, so that no measurement pays for it."""
    with _superuser(stack) as inside:
        inside.execute("CHECKPOINT")


def _superuser(stack: TestStack) -> psycopg.Connection:
    parameters = psycopg.conninfo.conninfo_to_dict(stack.env["DATABASE_SUPERUSER_URL"])
    parameters["dbname"] = database_of(stack.env["DATABASE_URL"])
    return psycopg.connect(autocommit=True, **parameters)
