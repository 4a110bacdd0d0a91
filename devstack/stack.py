"""A stack: its home, and its servers in the order of their start."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Self

import psutil

from devstack import credentials, orphans, ports
from devstack.environment import BASE_DOMAIN, stack_environment, write_env_file
from devstack.errors import ServiceFailedError, StackError
from devstack.home import Home, write_private
from devstack.lock import HomeLock
from devstack.ports import LOOPBACK
from devstack.reaper import Reaper
from devstack.services.gunicorn import Application
from devstack.services.protocol import Context
from devstack.services.registry import ALL, build_service
from devstack.services.traefik import ErrorServer
from devstack.supervisor import SupervisedProcess

READY_SECONDS = 60.0
# A server that has ended this often before it was ready will not start.
FIRST_EXITS = 4


class Stack:
    """Servers of one home, supervised by this process.

    ``web_port`` is the fixed port of the entry point, None a private one; ``web_address`` is where
    it listens. ``overrides`` replaces variables of the application.
    """

    def __init__(
        self,
        home: Home,
        *,
        web_port: int | None = None,
        web_address: str = LOOPBACK,
        application: Application | None = None,
        overrides: dict[str, str] | None = None,
    ) -> None:
        self.home = home
        self.swept = 0
        self._web_port = web_port
        self._web_address = web_address
        self._application = application or Application()
        self._overrides = overrides or {}
        self._running: dict[str, SupervisedProcess] = {}
        self._closers = contextlib.ExitStack()
        self._state_lock = threading.Lock()
        self._is_open = False
        self.on_exit: Callable[[str, int], None] = lambda name, status: None

    def open(self) -> None:
        """Lock the home, end orphans of a previous run, write ports, secrets and env file.

        Raises: StackError in one line (AlreadyRunningError, PortTakenError, MissingBinaryError, …).
        """
        self.home.create()
        try:
            self._closers.enter_context(HomeLock(self.home))
            self.swept = orphans.end(self.home)
            self.ports = ports.choose_ports(self.home, self._web_port)
            secrets = credentials.load_credentials(self.home)
            self.env = {
                **stack_environment(self.home, self.ports, secrets),
                **self._overrides,
            }
            write_env_file(self.home, self.env)
            self._context = Context(self.home, self.ports, secrets, self.env, self._web_address)
            self._closers.callback(Reaper(self.home).dismiss)
            site = f"http://{BASE_DOMAIN}:{self.ports['web']}"
            self._closers.callback(ErrorServer(self.ports["fallback"], f"{site}/errors/").close)
            self._is_open = True
        except BaseException:
            self._closers.close()
            raise

    def start(self, *names: str) -> None:
        """Start services without waiting for them. Raises: StackError."""
        for name in names:
            service = build_service(name, self._context, self._application)
            supervised = SupervisedProcess(service, self.home, self._exited)
            self._running[name] = supervised
            supervised.start()
        self._write_state()

    def wait_ready(self, *names: str, timeout: float = READY_SECONDS) -> None:
        """Wait until these services (by default all that were started) are ready.

        Raises: ServiceFailedError with the last line of the log if one does not start.
        """
        deadline = time.monotonic() + timeout
        for name in names or tuple(self._running):
            supervised = self._running[name]
            before = supervised.exits
            while not (supervised.pid and supervised.service.is_ready()):
                gave_up = supervised.exits - before >= FIRST_EXITS
                if gave_up or time.monotonic() > deadline:
                    raise ServiceFailedError(_startup_error(supervised))
                time.sleep(0.03)
        self._write_state()

    def stop(self, *names: str) -> None:
        """Stop these services in the reverse order of their start."""
        for name in reversed([name for name in self._running if name in names]):
            self._running[name].stop()
            del self._running[name]
        self._write_state()

    def close(self) -> None:
        """Stop everything and release the home; nothing is left running."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            self.stop(*self._running)
            self.home.file("state.json").unlink(missing_ok=True)
        except BaseException:  # an interrupt while a server takes its time to stop
            self._kill()
            raise
        finally:
            self._closers.close()

    def _kill(self) -> None:
        """Kill all servers of this home; none is restarted."""
        for supervised in self._running.values():
            supervised.give_up()
        orphans.kill(orphans.find(self.home))

    def pid(self, name: str) -> int | None:
        """Return the pid of a service's main process, None while it is down."""
        return self._running[name].pid

    def children(self, name: str) -> list[int]:
        """Return the pids of its child processes: gunicorn's workers, PostgreSQL's backends."""
        pid = self.pid(name)
        with contextlib.suppress(psutil.Error):
            return [child.pid for child in psutil.Process(pid).children()] if pid else []
        return []

    def exits(self, name: str) -> int:
        """Return how often the service has ended unexpectedly."""
        return self._running[name].exits

    def supervised(self) -> Sequence[SupervisedProcess]:
        """Return the running services in the order of their start."""
        return list(self._running.values())

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _exited(self, name: str, status: int) -> None:
        with contextlib.suppress(StackError, OSError):
            self._write_state()
        self.on_exit(name, status)

    def _write_state(self) -> None:
        """Write the state file for ``python -m devstack status``."""
        with self._state_lock:
            services = {item.service.name: item.exits for item in tuple(self._running.values())}
            state = {"web_port": self.ports["web"], "exits": services}
            write_private(self.home.file("state.json"), json.dumps(state))


def _startup_error(supervised: SupervisedProcess) -> str:
    lines = (
        supervised.log.read_text(errors="replace").split("\n") if supervised.log.exists() else []
    )
    last = supervised.last_error or next(
        (line for line in reversed(lines) if line.strip()), "no output"
    )
    return f"{supervised.service.title} did not come up: {last.strip()} (see {supervised.log})"


__all__ = ["ALL", "Stack"]
