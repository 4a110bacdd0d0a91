"""Find and end what a former run left behind, and never anybody else's process.

Every process of a stack carries its home in its environment. PostgreSQL and Valkey write their
titles over theirs, so they are known by their program and by the folder that they work in.
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
    """Return the environment variables by which a process is known as ours."""
    return {HOME_MARK: str(home.path), SERVICE_MARK: service}


def home_of(process: psutil.Process) -> str | None:
    """Return the home of the stack that a process belongs to, if it tells."""
    try:
        return process.environ().get(HOME_MARK)
    except (psutil.Error, OSError):
        return None


def find(home: Home, service: str | None = None) -> list[psutil.Process]:
    """Return the living processes of this home, or of one service of it."""
    return [process for process in _other_processes() if _belongs(process, home, service)]


def end(home: Home, service: str | None = None, patience: float = 5.0) -> int:
    """End them, politely first, and return how many there were."""
    found = find(home, service)
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.send_signal(_polite_signal(process))
    kill(_wait(found, patience))
    return len(found)


def kill(processes: list[psutil.Process]) -> None:
    """End these processes at once and wait until they are gone."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            # psutil compares the start time, so a reused pid is not hit.
            process.kill()
    _wait(processes, 5.0)


def is_alive(process: psutil.Process) -> bool:
    """Say whether a process still runs. A dead one that nobody has reaped does not.

    In a container whose first process is no init, an orphan stays such a zombie for ever.
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
    """Return which of our servers that overwrite their environment this is, if it is one."""
    folders = {
        "postgres": ("postgres", (home.path / POSTGRES_LINK).resolve() / "data"),
        "valkey-server": ("valkey", home.path / "valkey"),
    }
    if (known := folders.get(process.name())) is None:
        return None
    service, folder = known
    return service if Path(process.cwd()) == folder else None


def _polite_signal(process: psutil.Process) -> signal.Signals:
    # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
    return signal.SIGINT if process.name() == "postgres" else signal.SIGTERM
