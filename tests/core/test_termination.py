"""A command that a signal ends prints one line and exits with the shell's status."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aggios import command_line
from core.termination import Terminated
from devstack.home import CHECKOUT
from tests.support.interrupts import restore_interrupts

# Sends a signal to the process while it imports a module.
SITE = """
import os, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})

sys.meta_path.insert(0, Finder())
"""
IGNORING = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"


def started(folder: Path, *, module: str, number: int) -> subprocess.CompletedProcess[str]:
    """Start a command that receives a signal while it imports ``module``."""
    (folder / "sitecustomize.py").write_text(SITE.format(module=module, number=int(number)))
    return subprocess.run(
        [sys.executable, "manage.py", "list_tenants"],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("number", "status", "line"),
    [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")],
    ids=["SIGINT", "SIGTERM"],
)
@pytest.mark.parametrize("module", ["django.core.management", "aggios.settings", "accounts.models"])
def test_signal_during_start_exits_with_one_line(
    tmp_path: Path, module: str, number: int, status: int, line: str
):
    done = started(tmp_path, module=module, number=number)

    assert done.stderr == f"{line} before the command had begun.\n"
    assert done.returncode == status


@pytest.mark.parametrize(
    ("stopped", "status", "line"),
    [(KeyboardInterrupt(), 130, "Interrupted.\n"), (Terminated(143), 143, "Terminated.\n")],
    ids=["SIGINT", "SIGTERM"],
)
def test_signal_during_work_exits_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stopped: BaseException,
    status: int,
    line: str,
):
    def execute(utility: object) -> None:
        raise stopped

    monkeypatch.setattr(command_line.ManagementUtility, "execute", execute)

    with pytest.raises(SystemExit) as exc:
        command_line.run_command_line(["manage.py", "list_tenants"])

    assert exc.value.code == status
    assert capsys.readouterr().err == line


def test_processes_of_the_suite_can_be_interrupted_when_it_cannot():
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        restore_interrupts()
        child = [sys.executable, "-c", IGNORING]
        assert subprocess.check_output(child, text=True) == "False\n"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, former)
