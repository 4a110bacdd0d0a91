"""The memory of Traefik while many request bodies stall, with the production configuration."""

import argparse
import contextlib
import logging
import socket
import ssl
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.harness.report import machine, show
from tests.support.traefik_edge import DOMAIN, Edge, running_edge

TITLE = "memory of the proxy while bodies stall, with the production files"
HOST = f"acme.{DOMAIN}"
MEBIBYTE = 1024 * 1024
# The last byte of the bodies is never sent.
SIZES = {"9 kB": 9_000, "90 kB": 90_000, "1 MiB": MEBIBYTE}
# Requests from one client address, below the limit for an address.
PER_ADDRESS = 100
PAUSE = 3.0


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    found = [
        {"stalled": count, "size": name, **_measured(count, SIZES[name])}
        for name in options.sizes
        for count in options.stalled
    ]
    rows = [tuple(str(value) for value in one.values()) for one in found]
    show(
        {"bench": "proxy_memory", "machine": machine(), "found": found},
        as_json=options.json,
        title="Traefik's resident memory, MiB; stalled bodies of POST /api/auth/login",
        columns=("stalled", "size", "idle", "stalled MiB", "refused", "others"),
        rows=rows,
        closing=["Others: the status of 20 reads at the same time."],
    )
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench proxy_memory", description=TITLE)
    add = parser.add_argument
    add(
        "--stalled",
        type=int,
        nargs="+",
        default=[135, 400],
        help="stalled bodies at once (135 400)",
    )
    add("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="their sizes (all)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _measured(count: int, size: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_edge(Path(folder), EDGE_RATE_AVERAGE="0") as edge,
    ):
        process = psutil.Process(edge.process.pid)
        idle = process.memory_info().rss
        with contextlib.ExitStack() as stack:
            connections = [stack.enter_context(_stalled(edge, n, size)) for n in range(count)]
            time.sleep(PAUSE)
            used = process.memory_info().rss
            refused = sum(_has_response(connection) for connection in connections)
            others = {_status(edge) for _ in range(20)}
    return {
        "idle": idle // MEBIBYTE,
        "used": used // MEBIBYTE,
        "refused": refused,
        "others": " ".join(map(str, sorted(others))),
    }


def _stalled(edge: Edge, number: int, size: int) -> ssl.SSLSocket:
    """Send a request without the last byte of its body."""
    # 127.0.0.2 and following: the limits count for each address.
    source = (f"127.0.0.{2 + number // PER_ADDRESS}", 0)
    plain = socket.create_connection(("127.0.0.1", edge.https), 30, source)
    connection = ssl._create_unverified_context().wrap_socket(plain, server_hostname=HOST)
    head = f"POST /api/auth/login HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n"
    with contextlib.suppress(OSError):  # a refused request is closed while it sends
        connection.sendall(head.encode() + b"x" * (size - 1))
    return connection


def _has_response(connection: ssl.SSLSocket) -> bool:
    connection.settimeout(0.01)
    try:
        return bool(connection.recv(1))
    except TimeoutError:
        return False
    except OSError:
        return True


def _status(edge: Edge) -> int:
    try:
        status: int = edge.request(HOST, "/api/x", timeout=20).status_code
    except httpx.TransportError:
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
