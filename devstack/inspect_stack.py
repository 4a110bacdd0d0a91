"""``python -m devstack status``, ``stop`` and ``env``: inspect and stop a running stack."""

import json
import os
import signal
import time

from rich.console import Console
from rich.table import Table

from devstack import credentials, lock, orphans, ports
from devstack.environment import stack_environment
from devstack.errors import StackError
from devstack.home import Home
from devstack.ports import Ports
from devstack.services.gunicorn import Application
from devstack.services.protocol import Context
from devstack.services.registry import build_service

NOT_RUNNING = 3  # as in the status command of init scripts
STOP_SECONDS = 60.0


def status(console: Console) -> int:
    """Show each server of the chosen home; 0 if all are ready, 1 if not, 3 if none is running."""
    home = Home.chosen()
    pid = lock.holder(home)
    if pid is None:
        console.print(f"No stack is running on {home.path}.", soft_wrap=True)
        return NOT_RUNNING
    state = json.loads(home.file("state.json").read_text(encoding="utf-8"))
    where, secrets = _ports(home, state["web_port"]), credentials.load_credentials(home)
    context = Context(home, where, secrets, stack_environment(home, where, secrets))
    table = Table("server", "address", "state", "ended by itself", box=None, padding=(0, 2))
    all_ready = True
    for name, exits in state["exits"].items():
        service = build_service(name, context, Application())
        ready = service.is_ready()
        all_ready = all_ready and ready
        table.add_row(name, service.address, "ready" if ready else "[red]down[/]", str(exits))
    console.print(f"The stack of {home.path} is running (pid {pid}).", soft_wrap=True)
    console.print(table)
    return 0 if all_ready else 1


def stop(console: Console) -> int:
    """Stop the stack of the chosen home, and end processes that a killed one has left."""
    home = Home.chosen()
    pid = lock.holder(home)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while lock.holder(home) == pid:
            if time.monotonic() > deadline:
                raise StackError(f"The stack of {home.path} (pid {pid}) does not end.")
            time.sleep(0.1)
        console.print(f"Stopped the stack of {home.path}.", soft_wrap=True)
    elif home.path.is_dir():
        with lock.HomeLock(home):
            left = orphans.end(home)
        console.print(f"No stack was running on {home.path}; {left} left-over processes ended.")
    else:
        console.print(f"No stack was running on {home.path}.", soft_wrap=True)
    return 0


def env() -> int:
    """Print the env file of the chosen home. Raises: StackError if it was never started."""
    home = Home.chosen()
    try:
        print(home.env_file.read_text(encoding="utf-8"), end="")
    except OSError as exc:
        raise StackError(f"No stack was ever started on {home.path} ({exc.strerror}).") from exc
    return 0


def _ports(home: Home, web: int) -> Ports:
    kept = ports.saved_ports(home)
    if kept is None:
        raise StackError(f"{home.file('ports.json')} cannot be read.")
    return Ports({**kept, "web": web})
