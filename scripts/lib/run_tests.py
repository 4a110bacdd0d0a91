"""Run pytest, ruff and mypy in parallel: ``run_tests.py [--fast | --all] [pytest's arguments]``.

ruff and mypy run only without arguments for pytest. Tests that are named by a path run in one
process, slow tests included. Exit status: that of pytest, or 1 if it succeeds and a check fails.

With CI=true a few tests that failed are run again, alone and in one process. Those that pass then
are listed as flaky: each is a fault of the test or a race in the product that has to be repaired.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
# A worker runs PostgreSQL, SeaweedFS, two gunicorns and more: about a gigabyte.
MAX_WORKERS = 4
# More failures than this are not a matter of chance.
MAX_RETRIED = 8
LAST_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
TESTS_FAILED = 1  # pytest's exit status
SLOWEST = ("--durations=25", "--durations-min=1")
NIGHTLY_OUT = ("-m", "not nightly")
TIERS = {
    "": NIGHTLY_OUT,
    "--all": (),
    "--fast": (*NIGHTLY_OUT, "--without-servers"),
}


@dataclass
class Check:
    """A tool that runs in parallel with pytest; its output is kept until it ends."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    def has_failed(self) -> bool:
        """Wait for the end, print the output of a failure, and return whether it failed."""
        status = self.process.wait()
        if status != 0:
            self.output.seek(0)
            output = self.output.read().decode(errors="replace")
            sys.stdout.write(f"\n{self.name} failed:\n{output}")
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


def example_environment() -> dict[str, str]:
    """Return .env.example: enough for the settings, which mypy's Django plugin imports."""
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line[:1].isupper())
    return {name: value for name, _, value in pairs}


def checks() -> list[Check]:
    """Start ruff and mypy."""
    return [
        start("ruff check", "ruff", "check", "."),
        start("ruff format --check", "ruff", "format", "--check", "."),
        start("mypy", "mypy", env={**os.environ, **example_environment()}),
    ]


def pytest_command(tier: str, arguments: list[str]) -> list[str]:
    """Return pytest's command line."""
    command = [sys.executable, "-m", "pytest"]
    if not any(Path(ROOT, one.partition("::")[0]).exists() for one in arguments):
        # One more than cores: tests that wait for a time-out or a server leave a core idle.
        workers = min(cores() + 1, MAX_WORKERS)
        command += ["-n", str(workers), "--no-loadscope-reorder", *SLOWEST]
        command += TIERS[tier]
    elif tier:
        command += TIERS[tier]
    return [*command, *arguments]


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def last_failed() -> list[str]:
    """Return the ids of the tests that failed in the last run."""
    try:
        return sorted(json.loads(LAST_FAILED.read_text("utf-8")))
    except (OSError, ValueError):
        return []


def retry(failed: list[str], interrupts: "Interrupts") -> int:
    """Run failed tests again in one process, and return the exit status of pytest."""
    sys.stdout.write(f"\nrunning again, alone: {len(failed)} of the tests\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", *failed]
    again = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - ids of our own tests
    interrupts.processes.append(again)
    status = again.wait()
    left = set(last_failed()) if status else set()
    for name in failed:
        if name not in left:
            sys.stdout.write(f"FLAKY {name} - failed, and passed when it was run again\n")
    return status


class Interrupts:
    """Forwards SIGTERM to ``processes`` as SIGINT and waits for their clean-up.

    A terminal sends SIGINT to all of them itself; ``kill`` and a CI runner signal one process. The
    handlers are set before the processes start: a child inherits an ignored SIGINT.
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
    parallel = [] if arguments else checks()
    interrupts.processes += [check.process for check in parallel]
    command = pytest_command(tier, arguments)
    tests = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - with the arguments of the caller
    interrupts.processes.append(tests)
    status = tests.wait()
    if status == TESTS_FAILED and parallel and os.environ.get("CI") == "true":
        names = last_failed()
        if 0 < len(names) <= MAX_RETRIED:
            status = retry(names, interrupts)
    failed = [check.name for check in parallel if check.has_failed()]
    if parallel:
        outcome = "ok" if status == 0 else f"exit status {status}"
        others = f"{', '.join(failed)} failed" if failed else "ok"
        sys.stdout.write(f"pytest: {outcome}; ruff and mypy: {others}\n")
    return status or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
