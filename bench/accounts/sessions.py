"""The rate of refreshes, and the cost of the session check in each request."""

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from rich.progress import track

from bench.harness.api_client import TIMEOUT, UNLIMITED, call_on, registration
from bench.harness.load import LOOPBACK, Load, drive
from bench.harness.report import console, machine, percentile, show, spread
from bench.harness.servers import Workers, stores
from bench.harness.sides import BARE, Side, bare, ours
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

TITLE = "rate of refreshes, and of users/me compared with a bare Django view"
ME, REFRESH = "users/me", "refresh"
NO_LIMIT = {"RATE_LIMIT_REFRESH": UNLIMITED}


@dataclass
class Client:
    """The client of one session, which rotates its refresh token."""

    port: int
    host: str
    refresh_token: str

    def rotate_for(self, seconds: float) -> list[float]:
        """Rotate again and again; return the seconds that each rotation took."""
        with closing(HTTPConnection(LOOPBACK, self.port, timeout=TIMEOUT)) as connection:
            return list(self._rotations(connection, time.perf_counter() + seconds))

    def _rotations(self, connection: HTTPConnection, end: float) -> Iterator[float]:
        while (started := time.perf_counter()) < end:
            body = {"refresh_token": self.refresh_token}
            response = call_on(connection, self.host, "/api/auth/refresh", body)
            self.refresh_token = str(response["refresh_token"])
            yield time.perf_counter() - started


@dataclass
class Measured:
    """The results of one side in all repetitions."""

    loads: list[Load] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        """Requests per second, for each repetition."""
        return [load.rate for load in self.loads]

    def summary(self) -> dict[str, Any]:
        """Return the figures for ``--json``."""
        latencies = [one for load in self.loads for one in load.latencies]
        return {
            "rates": self.rates,
            "rate_median": statistics.median(self.rates),
            "latency_ms_p50": percentile(latencies, 50) * 1000,
            "latency_ms_p99": percentile(latencies, 99) * 1000,
            "requests": len(latencies),
        }


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about, measured = machine(), {name: Measured() for name in (ME, BARE, REFRESH)}
    workers = Workers(options.workers, options.threads)
    with stores() as stack, _sides(stack, workers, options.clients) as (me, other, clients):
        for side in (me, other):  # every thread opens its connection
            _read(side, options)
        _rotate_all(clients, min(1.0, options.seconds))
        for _ in track(range(options.rounds), "Measuring", console=console, transient=True):
            measured[ME].loads.append(_read(me, options))
            measured[BARE].loads.append(_read(other, options))
            measured[REFRESH].loads.append(_rotate_all(clients, options.seconds))
    _print(options, about, measured)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench sessions", description=TITLE)
    add = parser.add_argument
    add("--rounds", type=int, default=9, help="repetitions (9)")
    add("--seconds", type=float, default=3.0, help="seconds of one measurement (3)")
    add("--clients", type=int, default=8, help="concurrent requests, one session each (8)")
    add("--workers", type=int, default=2, help="processes of gunicorn, each side (2)")
    add("--threads", type=int, default=4, help="threads of a process, each side (4)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _sides(
    stack: TestStack, workers: Workers, count: int
) -> Iterator[tuple[Side, Side, list[Client]]]:
    owner = registration()
    with ours(stack, workers, owner=owner, **NO_LIMIT) as me, bare(stack, workers) as other:
        yield me, other, _log_in(me.web.port, owner, count)


def _log_in(port: int, owner: dict[str, str], count: int) -> list[Client]:
    """Open so many sessions of one user."""
    host = f"{owner['subdomain']}.{BASE_DOMAIN}"
    body = {name: owner[name] for name in ("email", "password")}
    with closing(HTTPConnection(LOOPBACK, port, timeout=TIMEOUT)) as connection:
        responses = [call_on(connection, host, "/api/auth/login", body) for _ in range(count)]
    return [Client(port, host, str(response["refresh_token"])) for response in responses]


def _rotate_all(clients: list[Client], seconds: float) -> Load:
    """Let all clients rotate at the same time."""
    started = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        latencies = list(pool.map(lambda client: client.rotate_for(seconds), clients))
    load = Load(seconds=time.perf_counter() - started)
    load.latencies = [one for of_client in latencies for one in of_client]
    return load


def _read(side: Side, options: argparse.Namespace) -> Load:
    return drive(
        side.web.port,
        side.request,
        connections=options.clients,
        seconds=options.seconds,
    )


def _print(
    options: argparse.Namespace, about: dict[str, Any], measured: dict[str, Measured]
) -> None:
    pairs = zip(measured[ME].rates, measured[BARE].rates, strict=True)
    ratios = [mine / theirs for mine, theirs in pairs]
    figures = {name: one.summary() for name, one in measured.items()}
    rows = [
        (
            name,
            spread(measured[name].rates, 0),
            f"{found['latency_ms_p50']:.1f}",
            f"{found['latency_ms_p99']:.1f}",
        )
        for name, found in figures.items()
    ]
    show(
        {
            "bench": "sessions",
            "machine": about,
            "settings": {k: v for k, v in vars(options).items() if k != "json"},
            "sides": figures,
            "ratio": {"median": statistics.median(ratios), "pairs": ratios},
        },
        as_json=options.json,
        title=f"Sessions, {options.rounds} rounds in turns, gunicorn gthread {options.workers} x "
        f"{options.threads}, {options.clients} clients",
        columns=("what", "requests/s", "p50 ms", "p99 ms"),
        rows=rows,
        closing=[
            f"users/me with its session / a bare Django view, pair by pair: {spread(ratios)}.",
            "A refresh rotates: the next request of a client uses the token that it just received.",
        ],
    )
