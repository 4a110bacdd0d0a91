"""The servers that a benchmark runs against: its own, in a folder that goes away."""

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from devstack.environment import NOT_FOR_WEB, inherited_environment
from devstack.home import CHECKOUT
from devstack.testing import TestStack, temporary_stack

LOOPBACK = "127.0.0.1"
START_SECONDS = 30.0
# Limits count what a benchmark sends; they are there, and never reached.
NEVER_REACHED = {"RATE_LIMIT_READ": "100000000/60", "RATE_LIMIT_SIGNUP": "100000/3600"}


@dataclass(frozen=True)
class Workers:
    """The same gunicorn for every side: how many processes and threads."""

    processes: int
    threads: int

    def arguments(self) -> list[str]:
        """Return gunicorn's options; no worker is replaced in the middle of a round."""
        return [
            "--worker-class=gthread",
            f"--workers={self.processes}",
            f"--threads={self.threads}",
            "--keep-alive=75",
            "--max-requests=0",
            "--log-level=warning",
        ]


@dataclass(frozen=True)
class Web:
    """A gunicorn that runs."""

    port: int
    pid: int


def cpu_seconds(*pids: int | None) -> float:
    """Return the processor time of these processes and their children, ended ones included."""
    total = 0.0
    for process in [psutil.Process(pid) for pid in pids if pid]:
        total += sum(process.cpu_times()[:4])
        for child in process.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                total += sum(child.cpu_times()[:2])
    return total


@contextlib.contextmanager
def stores(settings: str = "aggios.settings") -> Iterator[TestStack]:
    """Run PostgreSQL and Valkey with Aggios' database and template schema made."""
    with temporary_stack(("postgres", "valkey"), overrides=NEVER_REACHED) as stack:
        steps = [
            sys.executable,
            "-m",
            "devstack.command_runner",
            "bootstrap_database",
            "migrate_schemas",
        ]
        run(steps, {**inherited_environment(), **stack.env, "DJANGO_SETTINGS_MODULE": settings})
        yield stack


def web_environment(stack: TestStack) -> dict[str, str]:
    """Return the environment of Aggios' web processes; they never know the owner's login."""
    env = {name: value for name, value in stack.env.items() if name not in NOT_FOR_WEB}
    return {**inherited_environment(), **env, "DJANGO_SETTINGS_MODULE": "aggios.settings"}


def run(command: list[str], env: dict[str, str]) -> str:
    """Run a command in the checkout and return what it printed. Raises RuntimeError."""
    done = subprocess.run(
        command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:4])} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


@contextlib.contextmanager
def gunicorn(
    application: list[str], env: dict[str, str], workers: Workers, log: Path
) -> Iterator[Web]:
    """Serve an application on a free port of the loopback address until the block ends."""
    port = _free_port()
    bind = f"--bind={LOOPBACK}:{port}"
    command = [sys.executable, "-m", "gunicorn", *application[:-1], bind, *workers.arguments()]
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [*command, application[-1]],
            cwd=CHECKOUT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, port, log)
            yield Web(port, process.pid)
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when a worker answers anything at all."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=START_SECONDS)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/", headers={"Host": "localhost"})
            connection.getresponse()
            return
        time.sleep(0.05)
    raise RuntimeError(f"gunicorn did not come up: {log.read_text(encoding='utf-8')[-2000:]}")
