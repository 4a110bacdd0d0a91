"""What accounts cost: logging in, and what a storm of log-ins does to everybody else."""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.progress import track

from bench.accounts.login_clients import Target, clients, logging_in, reading
from bench.harness.api_client import NEVER, workspace
from bench.harness.report import console, machine, percentile, show, spread
from bench.harness.servers import Workers, gunicorn, stores, web_environment
from devstack.home import CHECKOUT
from devstack.testing import TestStack

TITLE = "log-ins per second beside raw Argon2, and other requests during a storm of them"
TARGET_RATE = 0.85
TARGET_P99 = 3.0
READERS = 4


@dataclass
class Measured:
    """What came of all rounds. Rates are per second, latencies in seconds."""

    raw: list[float] = field(default_factory=list)
    log_ins: list[float] = field(default_factory=list)
    quiet: list[float] = field(default_factory=list)
    stormy: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0

    @property
    def ratios(self) -> list[float]:
        """Log-ins per verification, round by round."""
        return [ours / raw for ours, raw in zip(self.log_ins, self.raw, strict=True)]

    @property
    def p99_ratio(self) -> float:
        """The p99 of the readers during storms, by theirs without."""
        return percentile(self.stormy, 99) / percentile(self.quiet, 99)


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about, measured = machine(), Measured()
    with stores() as stack, _site(stack, options) as target, _raw() as raw:
        for _ in track(range(options.rounds), "Measuring", console=console, transient=True):
            _round(target, raw, measured, options)
    _print(options, about, measured)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench accounts", description=TITLE)
    add = parser.add_argument
    add("--rounds", type=int, default=6, help="how often each side has its turn (6)")
    add("--seconds", type=float, default=10.0, help="seconds of one turn (10)")
    add("--connections", type=int, default=16, help="clients that log in at once (16)")
    add("--people", type=int, default=128, help="who they log in as, in turns (128)")
    add("--reads", type=float, default=20.0, help="other requests a second (20)")
    add("--workers", type=int, default=2, help="gunicorn's processes (2)")
    add("--threads", type=int, default=8, help="threads of a process (8)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _site(stack: TestStack, options: argparse.Namespace) -> Iterator[Target]:
    limits = ("REGISTER", "LOGIN_ACCOUNT", "LOGIN_ADDRESS", "LOGIN_RATE", "LOGIN_HOUR", "READ")
    env = {
        **web_environment(stack),
        "PROMETHEUS_MULTIPROC_DIR": str(stack.home.folder("metrics")),
        "WEB_WORKERS": str(options.workers),
        "WEB_THREADS": str(options.threads),
        **{f"RATE_LIMIT_{name}": NEVER for name in limits},
        **{k: v for k, v in os.environ.items() if k.startswith("HASHING_")},
    }
    application = ["-c", "python:aggios.gunicorn", "aggios.wsgi:application"]
    workers = Workers(options.workers, options.threads)
    with gunicorn(application, env, workers, stack.home.logs / "bench-accounts.log") as web:
        yield workspace(web.port, options.people)


@contextlib.contextmanager
def _raw() -> Iterator[subprocess.Popen[str]]:
    cores = machine()["cores"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.accounts.raw_argon2", str(cores)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.communicate()


def _round(
    target: Target,
    raw: subprocess.Popen[str],
    measured: Measured,
    options: argparse.Namespace,
) -> None:
    read = reading(target, READERS / options.reads)
    with clients(READERS, read, target.port) as quiet:
        time.sleep(options.seconds)
    measured.raw.append(_raw_rate(raw, options.seconds))
    log_in = logging_in(target)
    with clients(options.connections, log_in, target.port) as alone:
        time.sleep(options.seconds)
    with (
        clients(READERS, read, target.port) as stormy,
        clients(options.connections, log_in, target.port) as storm,
    ):
        time.sleep(options.seconds)
    measured.log_ins.append(alone.rate)
    measured.quiet += quiet.latencies
    measured.stormy += stormy.latencies
    measured.refused += alone.others.pop(503, 0) + storm.others.pop(503, 0)
    measured.failed += sum(
        n for seen in (alone, storm, stormy, quiet) for n in seen.others.values()
    )


def _raw_rate(raw: subprocess.Popen[str], seconds: float) -> float:
    assert raw.stdin is not None
    assert raw.stdout is not None
    raw.stdin.write(f"{seconds}\n")
    raw.stdin.flush()
    return float(raw.stdout.readline())


def _print(options: argparse.Namespace, about: dict[str, Any], measured: Measured) -> None:
    milliseconds = {
        name: {f"p{p}": percentile(values, p) * 1000 for p in (50, 99)}
        for name, values in (("quiet", measured.quiet), ("stormy", measured.stormy))
    }
    result = {
        "bench": "accounts",
        "machine": about,
        "settings": {k: v for k, v in vars(options).items() if k != "json"},
        "raw_per_second": measured.raw,
        "log_ins_per_second": measured.log_ins,
        "ratio": {"median": statistics.median(measured.ratios), "rounds": measured.ratios},
        "users_me_ms": milliseconds,
        "p99_ratio": measured.p99_ratio,
        "refused": measured.refused,
        "failed": measured.failed,
        "targets": {"ratio": TARGET_RATE, "p99_ratio": TARGET_P99},
    }
    quiet, stormy = milliseconds["quiet"], milliseconds["stormy"]
    rates = (spread(measured.raw, 1), spread(measured.log_ins, 1))
    show(
        result,
        as_json=options.json,
        title=f"A storm of log-ins, {options.rounds} rounds, gunicorn gthread "
        f"{options.workers} x {options.threads}, {options.connections} clients",
        columns=("what", "alone", "in the storm"),
        rows=[
            ("verifications, log-ins a second", *rates),
            ("users/me p50 ms", f"{quiet['p50']:.1f}", f"{stormy['p50']:.1f}"),
            ("users/me p99 ms", f"{quiet['p99']:.1f}", f"{stormy['p99']:.1f}"),
        ],
        closing=[
            f"Log-ins / raw Argon2, by rounds: {spread(measured.ratios)}; target {TARGET_RATE}.",
            f"p99 in the storm / alone: {measured.p99_ratio:.2f}; target at most {TARGET_P99}.",
            f"Told to come again (503): {measured.refused}. Anything else: {measured.failed}.",
        ],
    )
