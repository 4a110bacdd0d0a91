"""Rotating refreshes per second, and what the check of the session costs each request."""

import argparse
import contextlib
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.progress import track

from bench.harness.load import Load, drive
from bench.harness.report import console, machine, percentile, show, spread
from bench.harness.servers import Workers, stores
from bench.harness.sides import BARE, Side, a_person, bare, ours
from bench.refreshing import Client, log_in_all, rotate_all
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

TITLE = "rotating refreshes per second, and users/me with its session beside a bare Django view"
ME, REFRESH = "users/me", "refresh"
NO_LIMIT = {"RATE_LIMIT_REFRESH": "100000000/60"}


@dataclass
class Measured:
    """What came of one side in all rounds."""

    loads: list[Load] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        """Requests per second, round by round."""
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
        for side in (me, other):  # let every thread make its connection
            _read(side, options)
        rotate_all(clients, min(1.0, options.seconds))
        for _ in track(range(options.rounds), "Measuring", console=console, transient=True):
            measured[ME].loads.append(_read(me, options))
            measured[BARE].loads.append(_read(other, options))
            measured[REFRESH].loads.append(rotate_all(clients, options.seconds))
    _print(options, about, measured)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench sessions", description=TITLE)
    add = parser.add_argument
    add("--rounds", type=int, default=9, help="how often each has its turn (9)")
    add("--seconds", type=float, default=3.0, help="seconds of one turn (3)")
    add("--clients", type=int, default=8, help="requests under way at once, one session each (8)")
    add("--workers", type=int, default=2, help="gunicorn's processes, each side (2)")
    add("--threads", type=int, default=4, help="threads of a process, each side (4)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _sides(
    stack: TestStack, workers: Workers, count: int
) -> Iterator[tuple[Side, Side, list[Client]]]:
    person = a_person()
    with ours(stack, workers, person=person, **NO_LIMIT) as me, bare(stack, workers) as other:
        host = f"{person['subdomain']}.{BASE_DOMAIN}"
        yield me, other, log_in_all(me.web.port, host, person, count)


def _read(side: Side, options: argparse.Namespace) -> Load:
    return drive(
        side.web.port,
        side.request,
        connections=options.clients,
        requests=1_000_000,
        seconds=options.seconds,
    )


def _print(
    options: argparse.Namespace, about: dict[str, Any], measured: dict[str, Measured]
) -> None:
    pairs = zip(measured[ME].rates, measured[BARE].rates, strict=True)
    ratios = [mine / nothing for mine, nothing in pairs]
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
            "A refresh is a rotation: each client's next request takes the token it just got.",
        ],
    )
