"""Run pytest with ruff and mypy beside it: ``run_tests.py [--fast | --all] [pytest's arguments]``.

ruff and mypy run only where no argument of pytest's is given. Tests that are named by a path run
in one process, and the slow ones among them too. Exit status: that of pytest, or 1 if it succeeds
and a check fails.
"""

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
# A worker has a PostgreSQL, a SeaweedFS, two gunicorns and more: about a gigabyte.
MOST_WORKERS = 4
SLOWEST = ("--durations=25", "--durations-min=1")
NIGHTLY_OUT = ("-m", "not nightly")
TIERS = {
    "": NIGHTLY_OUT,
    "--all": (),
    "--fast": (*NIGHTLY_OUT, "--without-servers"),
}


@dataclass
class Check:
    """A tool that runs beside pytest, its output kept until it ends."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    def has_failed(self) -> bool:
        """Wait for the end, print what the tool said if it found something, and tell."""
        status = self.process.wait()
        if status != 0:
            self.output.seek(0)
            said = self.output.read().decode(errors="replace")
            sys.stdout.write(f"\n{self.name} failed:\n{said}")
        return status != 0


def start(name: str, *command: str, env: dict[str, str] | None = None) -> Check:
    """Start ``python -m command``."""
    output = tempfile.TemporaryFile()  # noqa: SIM115 - read when the process has ended
    process = subprocess.Popen(  # noqa: S603 - our own tools
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    return Check(name, process, output)


def example() -> dict[str, str]:
    """Return .env.example: mypy's Django plugin reads the settings, and it is enough for them."""
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line[:1].isupper())
    return {name: value for name, _, value in pairs}


def checks() -> list[Check]:
    """Start ruff and mypy."""
    return [
        start("ruff check", "ruff", "check", "."),
        start("ruff format --check", "ruff", "format", "--check", "."),
        start("mypy", "mypy", env={**os.environ, **example()}),
    ]


def pytest_command(tier: str, arguments: list[str]) -> list[str]:
    """Return pytest's command line."""
    command = [sys.executable, "-m", "pytest"]
    if not any(Path(ROOT, one.partition("::")[0]).exists() for one in arguments):
        workers = min(cores(), MOST_WORKERS)
        command += ["-n", str(workers), "--no-loadscope-reorder", *SLOWEST]
        command += TIERS[tier]
    elif tier:
        command += TIERS[tier]
    return [*command, *arguments]


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Interrupts:
    """Passes SIGTERM on to ``processes`` as SIGINT, and lets them end in their own time.

    A terminal sends SIGINT to all of them itself; ``kill`` and a CI runner send to one process.
    Set before they start: a process whose parent ignores SIGINT would ignore it too.
    """

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, self._forward)

    def _forward(self, *_: object) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def main(arguments: list[str]) -> int:
    """Run everything and return the exit status."""
    tier = arguments.pop(0) if arguments and arguments[0] in TIERS else ""
    if not tier and not arguments and os.environ.get("CI") == "true":
        tier = "--all"
    interrupts = Interrupts()
    beside = [] if arguments else checks()
    interrupts.processes += [check.process for check in beside]
    command = pytest_command(tier, arguments)
    tests = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - with the caller's own arguments
    interrupts.processes.append(tests)
    status = tests.wait()
    failed = [check.name for check in beside if check.has_failed()]
    if beside:
        outcome = "ok" if status == 0 else f"exit status {status}"
        beside_it = f"{', '.join(failed)} failed" if failed else "ok"
        sys.stdout.write(f"pytest: {outcome}; ruff and mypy: {beside_it}\n")
    return status or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
