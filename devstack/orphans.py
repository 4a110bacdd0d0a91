"""Orphaned processes of a previous run: found and ended, and never those of other programs.

Every process of a stack has its home in its environment. PostgreSQL and Valkey overwrite their
environment with their titles, so they are identified by program and working folder.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from devstack.home import Home

HOME_MARK = "AGGIOS_STACK_HOME"
SERVICE_MARK = "AGGIOS_STACK_SERVICE"
POSTGRES_LINK = "postgres"


def process_marks(home: Home, service: str) -> dict[str, str]:
    """Return the environment variables that mark a process of the stack."""
    return {HOME_MARK: str(home.path), SERVICE_MARK: service}


def home_of(process: psutil.Process) -> str | None:
    """Return the home of the stack that a process belongs to, or None."""
    try:
        return process.environ().get(HOME_MARK)
    except (psutil.Error, OSError):
        return None


def find(home: Home, service: str | None = None) -> list[psutil.Process]:
    """Return the running processes of this home, or of one of its services."""
    return [process for process in _other_processes() if _belongs(process, home, service)]


def end(home: Home, service: str | None = None, timeout: float = 5.0) -> int:
    """End the processes, by a kill after ``timeout``; return how many there were."""
    found = find(home, service)
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.send_signal(_stop_signal(process))
    kill(_wait(found, timeout))
    return len(found)


def kill(processes: list[psutil.Process]) -> None:
    """Kill these processes and wait until they have ended."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            # psutil compares the start time, so a reused pid is not killed.
            process.kill()
    _wait(processes, 5.0)


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process is running. A zombie is not.

    In a container whose first process is not an init, an orphan stays a zombie for ever.
    """
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until they have ended and return those that have not."""
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if is_alive(process)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.02)
    return alive


def _other_processes() -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        if process.pid != os.getpid() and is_alive(process):
            yield process


def _belongs(process: psutil.Process, home: Home, service: str | None) -> bool:
    try:
        if (titled := _service_by_title(process, home)) is not None:
            return service in (None, titled)
        environment = process.environ()
    except (psutil.Error, OSError):
        return False
    ours = environment.get(HOME_MARK) == str(home.path)
    return ours and service in (None, environment.get(SERVICE_MARK))


def _service_by_title(process: psutil.Process, home: Home) -> str | None:
    """Return the service of a server that overwrites its environment, or None."""
    folders = {
        "postgres": ("postgres", (home.path / POSTGRES_LINK).resolve() / "data"),
        "valkey-server": ("valkey", home.path / "valkey"),
    }
    if (known := folders.get(process.name())) is None:
        return None
    service, folder = known
    return service if Path(process.cwd()) == folder else None


def _stop_signal(process: psutil.Process) -> signal.Signals:
    # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait until every client disconnects.
    return signal.SIGINT if process.name() == "postgres" else signal.SIGTERM
