"""The protocol between the supervisor and a server."""

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
    """The stack's data for a server."""

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
        """The name in commands and log files."""

    @property
    def title(self) -> str:
        """The name of the server, for the terminal."""

    @property
    def address(self) -> str:
        """The address that it listens on."""

    @property
    def folder(self) -> Path:
        """Its working folder."""

    @property
    def account(self) -> Account | None:
        """The account that it runs as; None for the account of the stack."""

    @property
    def stop_signal(self) -> signal.Signals:
        """The signal for a fast and clean stop."""

    def prepare(self) -> None:
        """Create its folders and files before each start. Raises: StackError in one line."""

    def command(self) -> list[str]:
        """Return the command line."""

    def environment(self) -> dict[str, str]:
        """Return its own variables."""

    def is_ready(self) -> bool:
        """Check once whether it works; False if it does not answer."""

    def listener(self) -> DeferredListener | None:
        """Return the socket for a server that does not open its own, otherwise None."""
