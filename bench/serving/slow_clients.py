"""The service of other clients while many send or read one byte at long intervals."""

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.files.site import FileSite, Timings, file_site, random_file
from bench.files.transfers import upload_through_backend
from bench.harness.load import Load, drive, get
from bench.harness.report import console, machine, percentile, show
from bench.harness.sides import PATH
from bench.serving.slow_connections import SlowClients

TITLE = "rate and latency of other requests while many clients are slow"
ALONE = "alone"
FORM_LENGTH = 50 * 1024 * 1024
# The proxy buffers a body of less than 10 000 bytes completely; a longer one is streamed.
SHORT, LONG = 9_000, 500_000


@dataclass(frozen=True)
class Behaviour:
    """One kind of slow client."""

    name: str
    request: bytes
    reads: bool = False


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about = machine()
    found: dict[str, dict[str, Any]] = {}
    with random_file(options.megabytes) as file, file_site(file, 4) as site:
        request = get(PATH, site.host, site.token)
        for behaviour in [one for one in _behaviours(site) if options.only in one.name]:
            found[f"{ALONE}, before {behaviour.name}"] = _figures(_drive(site, request, options))
            with _slow(site, behaviour, options) as clients:
                figures = _figures(_drive(site, request, options))
                ended, ages = dict(clients.ended.reasons), list(clients.ended.ages)
                longest = max(ages, default=0.0)
                found[behaviour.name] = {**figures, "ended": ended, "open": clients.open}
                found[behaviour.name]["ended_after_at_most"] = round(longest, 1)
            console.print(f"{behaviour.name}: {found[behaviour.name]}")
    _print(options, about, found)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench slow_clients", description=TITLE)
    add = parser.add_argument
    add("--slow", type=int, default=200, help="slow clients at once (200)")
    add("--interval", type=float, default=1.0, help="seconds between two bytes (1)")
    add("--seconds", type=float, default=30.0, help="seconds of each measurement (30)")
    add("--connections", type=int, default=8, help="connections of the other clients (8)")
    add("--megabytes", type=int, default=64, help="size of the file that is read slowly, MiB (64)")
    add("--only", default="", help="measure only kinds whose name has this part (all)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _behaviours(site: FileSite) -> list[Behaviour]:
    upload_through_backend(site, Timings())
    file = site.call("GET", "/api/files")["results"][0]["id"]
    form = "multipart/form-data; boundary=b"
    start = b'--b\r\nContent-Disposition: form-data; name="file"; filename="s"\r\n\r\n'
    return [
        Behaviour(
            "forms, POST /api/files", _body(site, "POST", "/api/files", form, FORM_LENGTH) + start
        ),
        Behaviour(
            "short JSON, POST /api/auth/login", _json(site, "POST", "/api/auth/login", SHORT)
        ),
        Behaviour("long JSON, POST /api/auth/login", _json(site, "POST", "/api/auth/login", LONG)),
        Behaviour(
            "long JSON, PATCH /api/files/{id}", _json(site, "PATCH", f"/api/files/{file}", LONG)
        ),
        Behaviour("readers, GET …/content", _head(site, "GET", f"/api/files/{file}/content"), True),
    ]


def _json(site: FileSite, method: str, path: str, length: int) -> bytes:
    return _body(site, method, path, "application/json", length) + b"{"


def _body(site: FileSite, method: str, path: str, content_type: str, length: int) -> bytes:
    return _head(site, method, path, f"Content-Type: {content_type}", f"Content-Length: {length}")


def _head(site: FileSite, method: str, path: str, *fields: str) -> bytes:
    caller = (f"Host: {site.host}", f"Authorization: Bearer {site.token}")
    return "\r\n".join([f"{method} {path} HTTP/1.1", *caller, *fields, "", ""]).encode()


@contextlib.contextmanager
def _slow(
    site: FileSite, behaviour: Behaviour, options: argparse.Namespace
) -> Iterator[SlowClients]:
    with SlowClients(
        site.stack.ports["web"],
        behaviour.request,
        count=options.slow,
        interval=options.interval,
        reads=behaviour.reads,
    ) as clients:
        deadline = time.perf_counter() + 30
        while clients.open < options.slow and time.perf_counter() < deadline:
            time.sleep(0.05)
        yield clients


def _drive(site: FileSite, request: bytes, options: argparse.Namespace) -> Load:
    return drive(
        site.stack.ports["web"],
        request,
        connections=options.connections,
        seconds=options.seconds,
    )


def _figures(load: Load) -> dict[str, Any]:
    milliseconds = [1000 * seconds for seconds in load.latencies]
    return {
        "rate": round(load.rate, 1),
        "p50_ms": round(statistics.median(milliseconds), 1),
        "p99_ms": round(percentile(milliseconds, 99), 1),
        "max_ms": round(max(milliseconds), 1),
    }


def _print(
    options: argparse.Namespace, about: dict[str, Any], found: dict[str, dict[str, Any]]
) -> None:
    rows = [
        (
            name,
            *(f"{figures[column]:.1f}" for column in ("rate", "p50_ms", "p99_ms", "max_ms")),
            ", ".join(f"{count} x {reason}" for reason, count in figures.get("ended", {}).items()),
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
        title=f"{options.slow} slow clients, a byte per {options.interval:g} s; others GET {PATH}",
        columns=("slow clients", "requests/s", "p50 ms", "p99 ms", "max ms", "ended by", "open"),
        rows=rows,
        closing=["A refused client connects again after the same interval."],
    )
