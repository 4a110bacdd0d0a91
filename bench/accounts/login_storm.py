"""The rate of log-ins, and the latency of other requests while many clients log in."""

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

from bench.accounts.login_clients import clients, logging_in, reading
from bench.harness.api_client import UNLIMITED, TenantUsers, create_tenant_with_users
from bench.harness.report import console, machine, percentile, show, spread
from bench.harness.servers import AGGIOS, Workers, aggios_environment, gunicorn, stores
from devstack.home import CHECKOUT
from devstack.testing import TestStack

TITLE = "rate of log-ins compared with raw Argon2, and latency of other requests at that time"
TARGET_RATE = 0.85
TARGET_P99 = 3.0
READERS = 4


@dataclass
class Measured:
    """The results of all repetitions: rates per second, latencies in seconds."""

    raw: list[float] = field(default_factory=list)
    log_ins: list[float] = field(default_factory=list)
    reads_alone: list[float] = field(default_factory=list)
    reads_in_storm: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0

    @property
    def ratios(self) -> list[float]:
        """Log-ins per raw verification, for each repetition."""
        return [ours / raw for ours, raw in zip(self.log_ins, self.raw, strict=True)]

    @property
    def p99_ratio(self) -> float:
        """The readers' p99 during the storm, divided by their p99 alone."""
        return percentile(self.reads_in_storm, 99) / percentile(self.reads_alone, 99)


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about, measured = machine(), Measured()
    with stores() as stack, _server(stack, options) as tenant, _raw() as raw:
        for _ in track(range(options.rounds), "Measuring", console=console, transient=True):
            _measure(tenant, raw, measured, options)
    _print(options, about, measured)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench accounts", description=TITLE)
    add = parser.add_argument
    add("--rounds", type=int, default=6, help="repetitions (6)")
    add("--seconds", type=float, default=10.0, help="seconds of one measurement (10)")
    add("--connections", type=int, default=16, help="clients that log in at once (16)")
    add("--users", type=int, default=128, help="users that they log in as, in turns (128)")
    add("--reads", type=float, default=20.0, help="other requests per second (20)")
    add("--workers", type=int, default=2, help="processes of gunicorn (2)")
    add("--threads", type=int, default=8, help="threads of a process (8)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _server(stack: TestStack, options: argparse.Namespace) -> Iterator[TenantUsers]:
    limits = ("REGISTER", "LOGIN_ACCOUNT", "LOGIN_ADDRESS", "LOGIN_RATE", "LOGIN_HOUR")
    env = {
        **aggios_environment(stack),
        "WEB_WORKERS": str(options.workers),
        "WEB_THREADS": str(options.threads),
        **{f"RATE_LIMIT_{name}": UNLIMITED for name in limits},
        **{k: v for k, v in os.environ.items() if k.startswith("PASSWORD_HASH_")},
    }
    workers = Workers(options.workers, options.threads)
    with gunicorn(AGGIOS, env, workers, stack.home.logs / "bench-accounts.log") as web:
        yield create_tenant_with_users(web.port, options.users)


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


def _measure(
    tenant: TenantUsers,
    raw: subprocess.Popen[str],
    measured: Measured,
    options: argparse.Namespace,
) -> None:
    read = reading(tenant, READERS / options.reads)
    with clients(READERS, read, tenant.port) as reads_alone:
        time.sleep(options.seconds)
    measured.raw.append(_raw_rate(raw, options.seconds))
    log_in = logging_in(tenant)
    with clients(options.connections, log_in, tenant.port) as logins_alone:
        time.sleep(options.seconds)
    with (
        clients(READERS, read, tenant.port) as reads_in_storm,
        clients(options.connections, log_in, tenant.port) as logins_in_storm,
    ):
        time.sleep(options.seconds)
    measured.log_ins.append(logins_alone.rate)
    measured.reads_alone += reads_alone.latencies
    measured.reads_in_storm += reads_in_storm.latencies
    measured.refused += sum(one.others.pop(503, 0) for one in (logins_alone, logins_in_storm))
    every = (reads_alone, reads_in_storm, logins_alone, logins_in_storm)
    measured.failed += sum(count for one in every for count in one.others.values())


def _raw_rate(raw: subprocess.Popen[str], seconds: float) -> float:
    assert raw.stdin is not None
    assert raw.stdout is not None
    raw.stdin.write(f"{seconds}\n")
    raw.stdin.flush()
    return float(raw.stdout.readline())


def _print(options: argparse.Namespace, about: dict[str, Any], measured: Measured) -> None:
    milliseconds = {
        name: {f"p{p}": percentile(values, p) * 1000 for p in (50, 99)}
        for name, values in (("alone", measured.reads_alone), ("in_storm", measured.reads_in_storm))
    }
    result = {
        "bench": "accounts",
        "machine": about,
        "settings": {k: v for k, v in vars(options).items() if k != "json"},
        "raw_per_second": measured.raw,
        "log_ins_per_second": measured.log_ins,
        "ratio": {"median": statistics.median(measured.ratios), "pairs": measured.ratios},
        "users_me_ms": milliseconds,
        "p99_ratio": measured.p99_ratio,
        "refused": measured.refused,
        "failed": measured.failed,
        "targets": {"ratio": TARGET_RATE, "p99_ratio": TARGET_P99},
    }
    alone, in_storm = milliseconds["alone"], milliseconds["in_storm"]
    rates = (spread(measured.raw, 1), spread(measured.log_ins, 1))
    show(
        result,
        as_json=options.json,
        title=f"A storm of log-ins, {options.rounds} rounds, gunicorn gthread "
        f"{options.workers} x {options.threads}, {options.connections} clients",
        columns=("what", "alone", "in the storm"),
        rows=[
            ("verifications, log-ins per second", *rates),
            ("users/me p50 ms", f"{alone['p50']:.1f}", f"{in_storm['p50']:.1f}"),
            ("users/me p99 ms", f"{alone['p99']:.1f}", f"{in_storm['p99']:.1f}"),
        ],
        closing=[
            f"Log-ins / raw Argon2, pair by pair: {spread(measured.ratios)}; target {TARGET_RATE}.",
            f"p99 in the storm / alone: {measured.p99_ratio:.2f}; target at most {TARGET_P99}.",
            f"Refused with 503: {measured.refused}. Other failures: {measured.failed}.",
        ],
    )
