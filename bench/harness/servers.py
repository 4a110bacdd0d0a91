"""The servers of a benchmark: its own, in a temporary folder."""

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from bench.harness.load import LOOPBACK
from devstack.environment import NOT_FOR_WEB, inherited_environment
from devstack.home import CHECKOUT
from devstack.testing import TestStack, temporary_stack

START_SECONDS = 30.0
# gunicorn's arguments; the last is the WSGI application.
AGGIOS = ("-c", "python:aggios.gunicorn", "aggios.wsgi:application")
DJANGO = ("django.core.wsgi:get_wsgi_application()",)
# The limit is checked as in production, but never reached.
NEVER_REACHED = {"RATE_LIMIT_SIGNUP": "100000/3600"}


@dataclass(frozen=True)
class Workers:
    """How many processes and threads the gunicorn of each side has."""

    processes: int
    threads: int

    def arguments(self) -> list[str]:
        """Return gunicorn's options; no worker is replaced during a measurement."""
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
    """A running gunicorn."""

    port: int
    pid: int


def cpu_seconds(*pids: int | None) -> float:
    """Return the processor time of these processes and their children, also of ended children."""
    total = 0.0
    for process in [psutil.Process(pid) for pid in pids if pid]:
        total += sum(process.cpu_times()[:4])
        for child in process.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                total += sum(child.cpu_times()[:2])
    return total


@contextlib.contextmanager
def stores(settings: str = "aggios.settings") -> Iterator[TestStack]:
    """Run PostgreSQL and Valkey, with Aggios' database and template schema in place."""
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
    """Return the environment of a web process, without the logins that only commands may have."""
    env = {name: value for name, value in stack.env.items() if name not in NOT_FOR_WEB}
    return {**inherited_environment(), **env, "DJANGO_SETTINGS_MODULE": "aggios.settings"}


def aggios_environment(stack: TestStack) -> dict[str, str]:
    """Return the environment of Aggios' gunicorn."""
    metrics = {"PROMETHEUS_MULTIPROC_DIR": str(stack.home.folder("metrics"))}
    return {**web_environment(stack), **metrics}


def database_of(url: str) -> str:
    """Return the database that a URL names."""
    return urlsplit(url).path.lstrip("/")


def run(command: list[str], env: dict[str, str]) -> str:
    """Run a command in the checkout and return its output.

    Raises:
        RuntimeError: The command failed.
    """
    done = subprocess.run(
        command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:4])} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


@contextlib.contextmanager
def gunicorn(
    application: tuple[str, ...], env: dict[str, str], workers: Workers, log: Path
) -> Iterator[Web]:
    """Serve an application on a free port of the loopback address during the block."""
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
    """Wait until a worker responds, with whatever status."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=START_SECONDS)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/", headers={"Host": "localhost"})
            connection.getresponse()
            return
        time.sleep(0.05)
    raise RuntimeError(f"gunicorn did not start: {log.read_text(encoding='utf-8')[-2000:]}")
