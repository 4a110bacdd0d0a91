"""The ports of a stack: chosen once and stored in the home, so that a restart reuses them."""

import errno
import json
import random
import socket
from dataclasses import dataclass

import psutil

from devstack.errors import PortTakenError, StackError
from devstack.home import Home, write_private
from devstack.orphans import home_of

LOOPBACK = "127.0.0.1"
NAMES = (
    "postgres", "valkey", "s3", "weed_master", "weed_filer", "weed_volume", "weed_admin",
    "gunicorn", "fallback", "proxy_ready", "web",
)  # fmt: skip
# SeaweedFS speaks gRPC on the port + 10000.
GRPC_OFFSET = 10000
WITH_GRPC = frozenset({"s3", "weed_master", "weed_filer", "weed_volume", "weed_admin"})
# Below the ephemeral range of Linux (32768) and macOS (49152), the gRPC ports included, so that no
# outgoing connection takes one between two starts.
FIRST, LAST, BLOCK = 15000, 22000, 16


@dataclass(frozen=True)
class Ports:
    """The ports of one stack by name."""

    by_name: dict[str, int]

    def __getitem__(self, name: str) -> int:
        return self.by_name[name]


def choose_ports(home: Home, web: int | None) -> Ports:
    """Return the saved ports of ``home``, or new ones if there are none or one is taken.

    ``web`` is the fixed port of the entry point; None means a private one. Raises: PortTakenError
    if another program uses the fixed one.
    """
    if web is not None and (refusal := _bind_error(web)):
        denied = refusal.errno == errno.EACCES
        raise PortTakenError(_not_allowed(web) if denied else _taken(web))
    ports = saved_ports(home)
    if ports is None or not all(is_free(port) for port in _all_ports(ports, web is None)):
        ports = _choose_free_block()
        write_private(home.file("ports.json"), json.dumps(ports, indent=1) + "\n")
    return Ports({**ports, "web": ports["web"] if web is None else web})


def is_free(port: int) -> bool:
    """Tell whether a server can listen on this port of the loopback address now."""
    return _bind_error(port) is None


def _bind_error(port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as exc:
            return exc
    return None


def saved_ports(home: Home) -> dict[str, int] | None:
    """Return the saved ports of ``home``, or None if they cannot be read."""
    try:
        found = json.loads(home.file("ports.json").read_text(encoding="utf-8"))
        return {name: int(found[name]) for name in NAMES}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _all_ports(ports: dict[str, int], with_web: bool) -> list[int]:
    plain = [port for name, port in ports.items() if with_web or name != "web"]
    return plain + [ports[name] + GRPC_OFFSET for name in WITH_GRPC]


def _choose_free_block() -> dict[str, int]:
    """Return a block of free ports, so that stacks that start together rarely collide."""
    blocks = list(range(FIRST, LAST, BLOCK))
    random.shuffle(blocks)
    for start in blocks:
        chosen = {name: start + offset for offset, name in enumerate(NAMES)}
        if all(is_free(port) for port in _all_ports(chosen, True)):
            return chosen
    raise StackError(f"No {BLOCK} free ports in a row between {FIRST} and {LAST}.")


def _not_allowed(port: int) -> str:
    return f"Port {port} is for root only; choose another: AGGIOS_PORT=8080 scripts/start-dev.sh"


def _taken(port: int) -> str:
    advice = f"choose another: AGGIOS_PORT={port + 1} scripts/start-dev.sh"
    process = _listener(port)
    if process is None:
        return f"Port {port} is taken by another program; {advice}"
    if home := home_of(process):
        return f"Port {port} is taken by the Aggios stack of {home}; {advice}"
    return f"Port {port} is taken by {process.name()} (pid {process.pid}); {advice}"


def _listener(port: int) -> psutil.Process | None:
    """Return the listening process, or None: the system hides those of other users."""
    try:
        for connection in psutil.net_connections("tcp"):
            at = connection.laddr
            if connection.status == psutil.CONN_LISTEN and at and at.port == port:
                return psutil.Process(connection.pid) if connection.pid else None
    except (psutil.Error, OSError):
        return None
    return None
