"""The rate of an authenticated ``GET /api/users/me``, compared with the stock set-up."""

import argparse
import json
import statistics
from dataclasses import dataclass, field
from typing import Any

from rich.progress import track

from bench.harness.load import Load, drive
from bench.harness.report import console, machine, percentile, show, spread
from bench.harness.servers import Workers, cpu_seconds, stores
from bench.harness.sides import OURS, STOCK, Side, all_sides
from devstack.testing import TestStack

TITLE = "rate of GET /api/users/me, compared with the stock set-up"
TARGET_TIMES = 4.0
TARGET_STATEMENTS = 2


@dataclass
class Measured:
    """The results of one side in all repetitions."""

    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    statements: dict[str, float] = field(default_factory=dict)

    @property
    def statements_per_request(self) -> float:
        """SQL statements of one request, of all kinds."""
        return sum(self.statements.values())

    def summary(self) -> dict[str, Any]:
        """Return the figures for ``--json``."""
        return {
            "rates": self.rates,
            "rate_median": statistics.median(self.rates),
            "latency_ms_p50": percentile(self.latencies, 50) * 1000,
            "latency_ms_p99": percentile(self.latencies, 99) * 1000,
            "cpu_ms": self.cpu_seconds * 1000 / len(self.latencies),
            "requests": len(self.latencies),
            "statements_per_request": self.statements_per_request,
            "statements": self.statements,
        }

    def row(self, name: str) -> tuple[str, ...]:
        """Return the figures for the table."""
        figures = self.summary()
        return (
            name,
            spread(self.rates, 0),
            f"{figures['latency_ms_p50']:.1f}",
            f"{figures['latency_ms_p99']:.1f}",
            f"{figures['cpu_ms']:.2f}",
            f"{self.statements_per_request:.2f}",
        )


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about = machine()
    workers = Workers(options.workers, options.threads)
    with stores() as stack, all_sides(stack, workers) as sides:
        measured = {side.name: Measured() for side in sides}
        _check_same_fields([_warm_up(side, measured[side.name], options) for side in sides])
        for _ in track(range(options.rounds), "Measuring", console=console, transient=True):
            for side in sides:
                _measure(stack, side, measured[side.name], options)
    _print(options, about, measured)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench users_me", description=TITLE)
    add = parser.add_argument
    add("--rounds", type=int, default=9, help="repetitions (9)")
    add("--requests", type=int, default=4000, help="requests of one measurement at most (4000)")
    add("--seconds", type=float, default=4.0, help="seconds of one measurement at most (4)")
    add("--connections", type=int, default=16, help="concurrent requests (16)")
    add("--workers", type=int, default=2, help="processes of gunicorn, each side (2)")
    add("--threads", type=int, default=4, help="threads of a process, each side (4)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _drive(side: Side, options: argparse.Namespace, requests: int) -> Load:
    return drive(
        side.web.port,
        side.request,
        connections=options.connections,
        requests=requests,
        seconds=options.seconds,
    )


def _warm_up(side: Side, measured: Measured, options: argparse.Namespace) -> Load:
    """Let every thread open its connection, then count the statements of some requests."""
    load = _drive(side, options, min(options.requests, 800))
    if side.statements is not None:
        side.statements.start()
        counted = len(_drive(side, options, min(options.requests, 200)).latencies)
        executed = side.statements.read()
        measured.statements = {query: calls / counted for query, calls in executed.items()}
    return load


def _check_same_fields(loads: list[Load]) -> None:
    """Check that all sides return the same fields, so that they do the same work.

    Raises:
        RuntimeError: The fields differ.
    """
    fields = {tuple(json.loads(load.body)) for load in loads}
    if len(fields) != 1:
        raise RuntimeError(f"the sides return different fields: {fields}")


def _measure(stack: TestStack, side: Side, measured: Measured, options: argparse.Namespace) -> None:
    pids = (side.web.pid, stack.pid("postgres"), stack.pid("valkey"))
    before = cpu_seconds(*pids)
    load = _drive(side, options, options.requests)
    measured.cpu_seconds += cpu_seconds(*pids) - before
    measured.rates.append(load.rate)
    measured.latencies += load.latencies


def _print(
    options: argparse.Namespace, about: dict[str, Any], measured: dict[str, Measured]
) -> None:
    pairs = zip(measured[OURS].rates, measured[STOCK].rates, strict=True)
    ratios = [ours / stock for ours, stock in pairs]
    result = {
        "bench": "users_me",
        "machine": about,
        "settings": {k: v for k, v in vars(options).items() if k != "json"},
        "sides": {name: one.summary() for name, one in measured.items()},
        "ratio": {"median": statistics.median(ratios), "pairs": ratios},
        "targets": {"times": TARGET_TIMES, "statements": TARGET_STATEMENTS},
    }
    show(
        result,
        as_json=options.json,
        title=f"GET /api/users/me, {options.rounds} rounds in turns, gunicorn gthread "
        f"{options.workers} x {options.threads}, {options.connections} connections",
        columns=("side", "requests/s", "p50 ms", "p99 ms", "CPU ms", "SQL"),
        rows=[one.row(name) for name, one in measured.items()],
        closing=[
            f"{OURS} / {STOCK}, pair by pair: {spread(ratios)}.",
            "CPU ms: processor time of a request in workers, PostgreSQL and Valkey together.",
            f"Targets: at least {TARGET_TIMES:.0f}, and at most {TARGET_STATEMENTS} statements.",
        ],
    )
