"""``python -m devstack up``: the whole stack in the foreground, until Ctrl-C or SIGTERM."""

import contextlib
import http.client
import os
import queue
import signal
import time
from types import FrameType

from rich.console import Console

from devstack import banner, binaries, provision
from devstack.environment import BASE_DOMAIN
from devstack.errors import ServiceFailedError, StackError
from devstack.home import Home
from devstack.ports import LOOPBACK
from devstack.services.registry import STORES, WEB
from devstack.stack import Stack

DEFAULT_PORT = 8080
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HEALTHY_SECONDS = 30.0
TITLES = {
    "bootstrap_database": "Database and roles",
    "migrate_schemas": "Migrations",
    "setup_storage": "Bucket",
    "collectstatic": "Static files",
    "seed_demo": "Demo agencies",
}


class _StopRequested(BaseException):
    """A signal asked the stack to stop."""


def up(console: Console) -> None:
    """Start everything, print it and run until a signal comes. Raises: StackError."""
    stack = Stack(
        Home.chosen(),
        web_port=_web_port(),
        # In a container the server must listen on more than loopback.
        web_address=os.environ.get("AGGIOS_ADDRESS") or LOOPBACK,
    )
    for number in STOP_SIGNALS:
        signal.signal(number, _request_stop)
    with contextlib.suppress(_StopRequested):
        try:
            _start(stack, console)
            _watch(stack, console)
        finally:
            # A second Ctrl-C must not interrupt the stop of the servers.
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            _stop(stack, console)


def _start(stack: Stack, console: Console) -> None:
    began = time.monotonic()
    binaries.require_binaries()
    stack.open()
    if stack.swept:
        console.print(f"Ended {stack.swept} processes that a former run had left.")
    with provision.SetupProcess(stack) as preparation:
        _start_services(stack, console, STORES)
        users = banner.parse_demo_users(_prepare(preparation, console))
    _start_services(stack, console, WEB)
    with console.status("Waiting for a healthy response through Traefik"):
        _wait_healthy(stack.ports["web"])
    banner.print_banner(console, stack, users, time.monotonic() - began)


def _start_services(stack: Stack, console: Console, names: tuple[str, ...]) -> None:
    """Start services together and wait for each; all times are from the common start."""
    began = time.monotonic()
    with console.status("Starting servers"):
        stack.start(*names)
    for item in stack.supervised():
        if item.service.name in names:
            with console.status(f"Waiting for {item.service.title}"):
                stack.wait_ready(item.service.name)
            _done(console, item.service.title, time.monotonic() - began, item.service.address)


def _prepare(preparation: provision.SetupProcess, console: Console) -> str:
    """Run the set-up steps and return the output of the last one, the seed."""
    output = ""
    with console.status("Starting Django") as status:
        for step in preparation.run():
            title = TITLES.get(step.name, step.name)
            status.update(title)
            if step.seconds is not None:
                _done(console, title, step.seconds)
                output = step.output
    return output


def _watch(stack: Stack, console: Console) -> None:
    """Print every server that ends, and when it is ready again."""
    ended: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
    stack.on_exit = lambda name, status: ended.put((name, status))
    while True:
        name, status = ended.get()
        began = time.monotonic()
        console.print(f"[yellow]{name} ended ({_reason(status)}); starting it again[/]")
        try:
            stack.wait_ready(name)
        except ServiceFailedError as exc:
            console.print(f"[red]{exc}[/]")
        else:
            _done(console, f"{name} is back", time.monotonic() - began)


def _stop(stack: Stack, console: Console) -> None:
    was_running = bool(stack.supervised())
    _say(console, "\nStopping …" if was_running else "")
    stack.close()
    _say(console, "Stopped; nothing is left running." if was_running else "")


def _say(console: Console, text: str) -> None:
    """Print, and ignore a closed terminal, which must not prevent the stop."""
    if text:
        with contextlib.suppress(OSError):
            console.print(text)


def _wait_healthy(port: int) -> None:
    deadline = time.monotonic() + HEALTHY_SECONDS
    while (response := _ready_response(port)) is not None:
        if time.monotonic() > deadline:
            raise ServiceFailedError(f"The application is not healthy: {response}")
        time.sleep(0.1)


def _ready_response(port: int) -> str | None:
    """Return None if the application is ready, otherwise its response."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", "/api/health/ready", headers={"Host": BASE_DOMAIN})
        response = connection.getresponse()
        body = response.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as exc:
        return str(exc)
    finally:
        connection.close()
    return None if response.status == http.client.OK else f"{response.status} {body}"


def _done(console: Console, title: str, seconds: float, detail: str = "") -> None:
    console.print(f"[green]✓[/] {title:<24}{seconds:6.1f} s  {detail}".rstrip(), highlight=False)


def _reason(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def _request_stop(number: int, frame: FrameType | None) -> None:
    raise _StopRequested


def _web_port() -> int:
    text = os.environ.get("AGGIOS_PORT") or str(DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StackError(f"AGGIOS_PORT must be a port number, not {text!r}.")
    return int(text)
