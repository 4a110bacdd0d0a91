"""The reaper cleans up after a supervisor that is killed, and leaves a new one alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from devstack import orphans
from devstack.environment import inherited_environment
from devstack.home import CHECKOUT, Home

HOLD_THE_LOCK = """
import sys, time
from pathlib import Path
from devstack.home import Home
from devstack.lock import HomeLock

lock = HomeLock(Home.at(Path(sys.argv[1])))
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    """Ends every process that is pushed on it."""
    with ExitStack() as stack:
        yield stack


def start(processes: ExitStack, *command: str, **options: object) -> psutil.Popen:
    process = psutil.Popen(command, cwd=CHECKOUT, **options)
    processes.callback(orphans.kill, [process])
    return process


def start_holder(processes: ExitStack, home: Home) -> psutil.Popen:
    """A process that has the lock of a stack, as a supervisor has."""
    command = [sys.executable, "-c", HOLD_THE_LOCK, str(home.path)]
    environment = inherited_environment()
    holder = start(processes, *command, stdout=subprocess.PIPE, env=environment)
    processes.callback(holder.stdout.close)
    assert holder.stdout.readline() == b"held\n"
    return holder


def start_server(processes: ExitStack, home: Home) -> psutil.Popen:
    marks = orphans.process_marks(home, "example")
    return start(processes, "sleep", "600", env={**os.environ, **marks})


def start_reaper(processes: ExitStack, home: Home, supervisor: int) -> psutil.Popen:
    """A reaper whose pipe is closed from the start."""
    command = [sys.executable, "-m", "devstack.reaper", str(home.path), str(supervisor)]
    return start(processes, *command, stdin=subprocess.DEVNULL, env=inherited_environment())


def test_dying_supervisor_that_still_has_the_lock_is_waited_for(
    tmp_path: Path, processes: ExitStack
):
    home = Home.at(tmp_path)
    supervisor = start_holder(processes, home)
    server = start_server(processes, home)

    reaper = start_reaper(processes, home, supervisor.pid)
    with pytest.raises(psutil.TimeoutExpired):
        reaper.wait(1)
    supervisor.kill()
    supervisor.wait()

    assert reaper.wait(30) == 0
    assert server.wait(30) != 0


def test_new_stack_keeps_its_servers(tmp_path: Path, processes: ExitStack):
    home = Home.at(tmp_path)
    start_holder(processes, home)
    server = start_server(processes, home)

    reaper = start_reaper(processes, home, supervisor=os.getpid())

    assert reaper.wait(30) == 0
    assert server.is_running()
