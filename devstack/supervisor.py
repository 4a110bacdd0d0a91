"""A supervised server process, which is restarted whenever it ends until it is stopped."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from devstack import orphans
from devstack.deferred_listener import DeferredListener
from devstack.environment import inherited_environment
from devstack.errors import StackError
from devstack.home import Home
from devstack.services.protocol import Service

# Delays before a restart: they grow with each crash, and start again after a stable run.
FIRST_DELAY, LONGEST_DELAY, QUIET_SECONDS = 0.1, 10.0, 10.0
STOP_SECONDS = 10.0
LOG_BYTES = 20_000_000


class SupervisedProcess:
    """The process of a service, and the thread that restarts it."""

    def __init__(self, service: Service, home: Home, on_exit: Callable[[str, int], None]) -> None:
        self.service = service
        self.exits = 0
        self.last_error = ""
        self._home = home
        self._on_exit = on_exit
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, name=service.name, daemon=True)

    @property
    def log(self) -> Path:
        """The output of the server."""
        return self._home.logs / f"{self.service.name}.log"

    @property
    def pid(self) -> int | None:
        """The pid of the running process, or None."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        """Start the server and keep it alive. Raises: StackError if it cannot be prepared."""
        self.service.prepare()
        self.service.command()
        self._thread.start()

    def give_up(self) -> None:
        """Do not restart the server when it ends; no signal is sent."""
        with self._lock:
            self._stopping.set()

    def stop(self) -> None:
        """Stop the server, by a kill after a timeout; nothing of it is left running."""
        self.give_up()
        self.send(self.service.stop_signal)
        if self._thread.ident is None:
            return
        self._thread.join(timeout=STOP_SECONDS)
        if self._thread.is_alive():
            self.send(signal.SIGKILL)
            self._thread.join(timeout=STOP_SECONDS)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server's process, if it is running."""
        with self._lock:
            if (pid := self.pid) is not None:
                os.kill(pid, number)

    def _keep_alive(self) -> None:
        delay = FIRST_DELAY
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._run_once()
            except (OSError, StackError) as exc:
                self.last_error = str(exc)
                self.exits += 1
            if time.monotonic() - began > QUIET_SECONDS:
                delay = FIRST_DELAY
            self._stopping.wait(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    def _run_once(self) -> None:
        self.service.prepare()
        listener = self.service.listener()
        with listener or contextlib.nullcontext():
            with self._lock:
                if self._stopping.is_set():
                    return
                process = self._process = self._spawn(listener)
            if listener is not None:
                listener.open_in_background()
            _await_exit(process)
        # A pid cannot be reused before its process is reaped, so this kills only its own group.
        # Otherwise gunicorn's workers, for example, would keep the port.
        _kill_group(process.pid)
        with self._lock:
            status = process.wait()
        if self.service.name == "postgres" or self._stopping.is_set():
            # PostgreSQL's children are groups of their own.
            orphans.kill(orphans.find(self._home, self.service.name))
        if not self._stopping.is_set():
            self.exits += 1
            self._on_exit(self.service.name, status)

    def _spawn(self, listener: DeferredListener | None) -> subprocess.Popen[bytes]:
        account = self.service.account
        options = account.popen_options() if account is not None else {}
        variables = {**_base(), **self.service.environment()}
        _rotate(self.log)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.service.command(),
                cwd=self.service.folder,
                env={**variables, **orphans.process_marks(self._home, self.service.name)},
                stdin=subprocess.DEVNULL if listener is None else listener.fileno(),
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the supervisor, which stops them in order.
                start_new_session=True,
                # Their files contain user data: rows, sessions, objects.
                umask=0o077,
                **options,
            )


def _base() -> dict[str, str]:
    return {**inherited_environment(), "PATH": os.environ.get("PATH", os.defpath)}


def _await_exit(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:  # macOS before Python 3.13
        process.wait()


def _kill_group(pid: int) -> None:
    # macOS says PermissionError for a group that holds only a zombie.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
