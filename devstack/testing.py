"""Stacks for tests: real servers on private ports, in their own home.

A session fixture needs only::

    with temporary_stack(services=("postgres", "valkey", "seaweedfs")) as stack:
        yield stack.env

``stack.kill("postgres")`` ends a server as ``kill -9`` does; it comes back by itself, and
``stack.wait_ready("postgres")`` tells when.
"""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from devstack import account
from devstack.home import Home
from devstack.services.gunicorn import Application
from devstack.services.registry import STORES
from devstack.stack import Stack

NOTICED_SECONDS = 30.0


class TestStack(Stack):
    """A stack whose servers a test can kill."""

    __test__ = False  # pytest: not a test class

    def kill(self, name: str) -> int:
        """Kill the main process of a service as ``kill -9`` does and return its pid.

        Returns when the supervisor has ended its children too. Until then gunicorn's workers still
        answer, so ``wait_ready`` would take the dead server for one that is ready.

        Raises:
            RuntimeError: It is not running at that moment.
            TimeoutError: The supervisor has not noticed in time.
        """
        pid, exits = self.pid(name), self.exits(name)
        if pid is None:
            raise RuntimeError(f"{name} is not running")
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + NOTICED_SECONDS
        while self.exits(name) == exits:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the end of {name} was not noticed")
            time.sleep(0.005)
        return pid

    def start_ready(self, *names: str) -> None:
        """Start services and wait until they are ready."""
        self.start(*names)
        self.wait_ready(*names)


@contextlib.contextmanager
def running_stack(
    home: Path,
    services: tuple[str, ...] = STORES,
    *,
    application: Application | None = None,
    overrides: dict[str, str] | None = None,
    web_port: int | None = None,
) -> Iterator[TestStack]:
    """Run services in ``home`` on private ports; stop them on the way out. The data stays."""
    stack = TestStack(
        Home.at(home), application=application, overrides=overrides, web_port=web_port
    )
    with stack:
        stack.start_ready(*services)
        yield stack


@contextlib.contextmanager
def temporary_home() -> Iterator[Path]:
    """Yield a temporary home that PostgreSQL's account can enter."""
    path = Path(tempfile.mkdtemp(prefix="aggios-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        account.remove_postgres_folder(Home.at(path))
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def temporary_stack(
    services: tuple[str, ...] = STORES,
    *,
    application: Application | None = None,
    overrides: dict[str, str] | None = None,
) -> Iterator[TestStack]:
    """Run services in a temporary home."""
    with (
        temporary_home() as home,
        running_stack(home, services, application=application, overrides=overrides) as stack,
    ):
        yield stack
