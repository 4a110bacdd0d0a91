"""How others are served while many clients send, or read, a byte now and then."""

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.files import site, transfers
from bench.files.site import Desk, Times
from bench.harness.load import Load, drive, get
from bench.harness.report import console, machine, percentile, show
from bench.harness.sides import PATH
from bench.serving.slow_connections import SlowClients

TITLE = "other requests while many send or read a byte now and then"
NOBODY = "nobody is slow"
FAR_MORE = 10**9
LENGTH = 50 * 1024 * 1024
# The proxy keeps a body of less than 10 000 bytes until it is whole; a longer one streams.
SHORT, LONG = 9_000, 500_000


@dataclass(frozen=True)
class Kind:
    """One way of being slow."""

    name: str
    request: bytes
    reads: bool = False


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about = machine()
    found: dict[str, dict[str, Any]] = {}
    with site.a_file(options.megabytes) as file, site.a_desk(file, 4) as desk:
        others = get(PATH, desk.host, desk.token)
        for kind in [kind for kind in _kinds(desk) if options.only in kind.name]:
            found[f"{NOBODY}, before {kind.name}"] = _figures(_served(desk, others, options))
            with _slow(desk, kind, options) as clients:
                figures = _figures(_served(desk, others, options))
                ended, ages = dict(clients.ended.by), list(clients.ended.ages)
                longest = max(ages, default=0.0)
                found[kind.name] = {**figures, "ended": ended, "open": clients.open}
                found[kind.name]["ended_after_at_most"] = round(longest, 1)
            console.print(f"{kind.name}: {found[kind.name]}")
    _print(options, about, found)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench slow_clients", description=TITLE)
    add = parser.add_argument
    add("--slow", type=int, default=200, help="slow clients at once (200)")
    add("--interval", type=float, default=1.0, help="seconds between their bytes (1)")
    add("--seconds", type=float, default=30.0, help="seconds of asking beside them (30)")
    add("--connections", type=int, default=8, help="connections that ask (8)")
    add("--megabytes", type=int, default=64, help="size of the file that is read slowly (64)")
    add("--only", default="", help="a part of the name of the kinds that are tried (all)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _kinds(desk: Desk) -> list[Kind]:
    transfers.upload_through(desk, Times())
    file = desk.ask("GET", "/api/files")["results"][0]["id"]
    form = "multipart/form-data; boundary=b"
    begun = b'--b\r\nContent-Disposition: form-data; name="file"; filename="s"\r\n\r\n'
    return [
        Kind("forms, POST /api/files", _body(desk, "POST", "/api/files", form, LENGTH) + begun),
        Kind("short JSON, POST /api/auth/login", _json(desk, "POST", "/api/auth/login", SHORT)),
        Kind("long JSON, POST /api/auth/login", _json(desk, "POST", "/api/auth/login", LONG)),
        Kind("long JSON, PATCH /api/files/{id}", _json(desk, "PATCH", f"/api/files/{file}", LONG)),
        Kind("readers, GET …/content", _head(desk, "GET", f"/api/files/{file}/content"), True),
    ]


def _json(desk: Desk, method: str, path: str, length: int) -> bytes:
    return _body(desk, method, path, "application/json", length) + b"{"


def _body(desk: Desk, method: str, path: str, kind: str, length: int) -> bytes:
    return _head(desk, method, path, f"Content-Type: {kind}", f"Content-Length: {length}")


def _head(desk: Desk, method: str, path: str, *fields: str) -> bytes:
    who = (f"Host: {desk.host}", f"Authorization: Bearer {desk.token}")
    return "\r\n".join([f"{method} {path} HTTP/1.1", *who, *fields, "", ""]).encode()


@contextlib.contextmanager
def _slow(desk: Desk, kind: Kind, options: argparse.Namespace) -> Iterator[SlowClients]:
    with SlowClients(
        desk.stack.ports["web"],
        kind.request,
        count=options.slow,
        interval=options.interval,
        reads=kind.reads,
    ) as clients:
        deadline = time.perf_counter() + 30
        while clients.open < options.slow and time.perf_counter() < deadline:
            time.sleep(0.05)
        yield clients


def _served(desk: Desk, request: bytes, options: argparse.Namespace) -> Load:
    return drive(
        desk.stack.ports["web"],
        request,
        connections=options.connections,
        requests=FAR_MORE,
        seconds=options.seconds,
    )


def _figures(load: Load) -> dict[str, Any]:
    milliseconds = [1000 * seconds for seconds in load.latencies]
    return {
        "rate": round(load.rate, 1),
        "p50_ms": round(statistics.median(milliseconds), 1),
        "p99_ms": round(percentile(milliseconds, 99), 1),
        "most_ms": round(max(milliseconds), 1),
    }


def _print(
    options: argparse.Namespace, about: dict[str, Any], found: dict[str, dict[str, Any]]
) -> None:
    rows = [
        (
            name,
            *(f"{figures[column]:.1f}" for column in ("rate", "p50_ms", "p99_ms", "most_ms")),
            ", ".join(f"{count} x {by}" for by, count in figures.get("ended", {}).items()),
            str(figures.get("open", "")),
        )
        for name, figures in found.items()
    ]
    show(
        {
            "bench": "slow_clients",
            "machine": about,
            "settings": {k: v for k, v in vars(options).items() if k != "json"},
            "found": found,
        },
        as_json=options.json,
        title=f"{options.slow} slow clients, a byte each {options.interval:g} s; GET {PATH} beside",
        columns=("slow", "requests/s", "p50 ms", "p99 ms", "most ms", "ended by", "open"),
        rows=rows,
        closing=["Who is sent away comes again after the same time."],
    )
