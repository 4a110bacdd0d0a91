"""However a stack ends, only its data stays."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devstack import account, orphans
from devstack.environment import inherited_environment
from devstack.home import CHECKOUT, Home
from devstack.lock import holder
from devstack.supervisor import SupervisedProcess
from devstack.testing import running_stack, temporary_home
from tests.support.devstack import stores

STORE_RUNNER = CHECKOUT / "tests" / "support" / "devstack" / "store_runner.py"
pytestmark = [pytest.mark.nightly, pytest.mark.usefixtures("servers")]


@pytest.fixture(scope="module")
def kept_home(servers: None) -> Iterator[Path]:
    """One home for all tests of the module; each starts with the data of the previous one."""
    with temporary_home() as path:
        yield path


@pytest.fixture
def supervisor(kept_home: Path) -> Iterator[psutil.Popen]:
    """A process that runs the stores and has written to them."""
    process = psutil.Popen(
        [sys.executable, str(STORE_RUNNER), str(kept_home)],
        env={**inherited_environment(), "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    orphans.kill([process])
    process.stdout.close()


def test_reaper_ends_servers_of_killed_supervisor(
    kept_home: Path, supervisor: psutil.Popen
) -> None:
    assert orphans.find(Home.at(kept_home))

    supervisor.kill()
    supervisor.wait()

    deadline = time.monotonic() + 60
    while left := orphans.find(Home.at(kept_home)):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_orphans_are_ended_by_next_start(kept_home: Path, supervisor: psutil.Popen) -> None:
    children = supervisor.children()
    reaper = next(item for item in children if "devstack.reaper" in item.cmdline())
    orphaned = [item for item in children if item != reaper]
    reaper.kill()
    supervisor.kill()
    supervisor.wait()
    assert all(orphans.is_alive(orphan) for orphan in orphaned)

    with running_stack(kept_home) as stack:
        assert stack.swept >= len(orphaned)
        assert not any(orphans.is_alive(orphan) for orphan in orphaned)
        assert stores.read(stack) == ("kept",) * 3


def test_stack_killed_at_once_starts_with_its_data(
    kept_home: Path, supervisor: psutil.Popen
) -> None:
    everything = supervisor.children(recursive=True)
    assert len(everything) >= 4  # the reaper and three servers
    for process in (supervisor, *everything):
        process.send_signal(signal.SIGKILL)
    supervisor.wait()

    with _pid_of_postgres_in_use(kept_home), running_stack(kept_home) as stack:
        assert stores.read(stack) == ("kept",) * 3
        started = [pid for item in stack.supervised() if (pid := item.pid)]
        assert len(started) == 3

    assert not any(psutil.pid_exists(pid) for pid in started), "a clean end leaves nothing"
    assert orphans.find(Home.at(kept_home)) == []


@contextlib.contextmanager
def _pid_of_postgres_in_use(home: Path) -> Iterator[None]:
    """The stale pid file names a running process of the same account, as after a reboot."""
    who = account.unprivileged_account()
    options = who.popen_options() if who else {}
    pid_file = (home / "postgres").resolve() / "data" / "postmaster.pid"
    _, *rest = pid_file.read_text().splitlines()
    with subprocess.Popen(["sleep", "120"], cwd="/", **options) as foreign:
        pid_file.write_text("\n".join([str(foreign.pid), *rest]) + "\n")
        yield
        assert foreign.poll() is None, "it is none of ours"
        foreign.kill()


def test_interrupt_while_stopping_leaves_no_server(home: Path, monkeypatch) -> None:
    def interrupted(self: SupervisedProcess) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), running_stack(home, ("postgres", "valkey")):
        assert orphans.find(Home.at(home))
        monkeypatch.setattr(SupervisedProcess, "stop", interrupted)

    assert orphans.find(Home.at(home)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand PostgreSQL to another account")
def test_home_closed_to_postgres_account_works(tmp_path: Path) -> None:
    """As in a clone under /root: the data are outside of the home; no permission changes."""
    closed = tmp_path / "closed"
    home = closed / "home"
    home.mkdir(parents=True)
    closed.chmod(0o700)
    try:
        with running_stack(home, ("postgres",)) as stack:
            assert psutil.Process(stack.pid("postgres")).username() != "root"
        place = (home / "postgres").resolve()
        assert closed not in place.parents
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        account.remove_postgres_folder(Home.at(home))
    assert not place.exists()


def test_foreign_process_is_not_ended(home: Path, tmp_path: Path) -> None:
    """A reused pid in the lock file, or the mark of another stack, does not identify a process."""
    marks = orphans.process_marks(Home.at(tmp_path), "valkey")
    with subprocess.Popen(["sleep", "60"], env={**os.environ, **marks}) as foreign:
        try:
            (home / "lock").write_text(f'{{"role": "stack", "pid": {foreign.pid}, "born": 1.0}}')
            assert holder(Home.at(home)) is None
            assert orphans.end(Home.at(home)) == 0
            assert foreign.poll() is None
            assert orphans.end(Home.at(tmp_path)) == 1
        finally:
            foreign.kill()
