"""What the supervisor knows of a server."""

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devstack.account import Account
from devstack.credentials import Credentials
from devstack.deferred_listener import DeferredListener
from devstack.home import Home
from devstack.ports import LOOPBACK, Ports


@dataclass(frozen=True)
class Context:
    """What a server may know of its stack."""

    home: Home
    ports: Ports
    secrets: Credentials
    # The variables of the application, as in $AGGIOS_HOME/env.
    variables: dict[str, str]
    # Where the entry point listens.
    web_address: str = LOOPBACK


class Service(Protocol):
    """A server that runs in the foreground and can tell whether it is ready."""

    @property
    def name(self) -> str:
        """The name that people and log files use."""

    @property
    def title(self) -> str:
        """The name of the server, for the terminal."""

    @property
    def address(self) -> str:
        """Where it listens."""

    @property
    def folder(self) -> Path:
        """The folder that it works in."""

    @property
    def account(self) -> Account | None:
        """Who it runs as; None for whoever runs the stack."""

    @property
    def stop_signal(self) -> signal.Signals:
        """What makes it end cleanly and soon."""

    def prepare(self) -> None:
        """Make its folders and files before each start. Raises StackError in one line."""

    def command(self) -> list[str]:
        """Return the command line."""

    def environment(self) -> dict[str, str]:
        """Return the variables of its own."""

    def is_ready(self) -> bool:
        """Ask it once whether it does its work; False when it does not answer."""

    def listener(self) -> DeferredListener | None:
        """Return the socket to start it with, of a server that does not open its own."""
