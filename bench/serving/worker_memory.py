"""The memory of a worker and of its database connection by the number of tenants served."""

import argparse
import contextlib
import http.client
import sys
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
from rich.progress import track

from bench.harness.load import LOOPBACK
from bench.harness.report import console, machine, show
from bench.harness.servers import (
    AGGIOS,
    Web,
    Workers,
    aggios_environment,
    gunicorn,
    run,
    stores,
    web_environment,
)
from bench.harness.tenants import fill_up
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

TITLE = "memory of a worker and its connection after 10, 100, 500 and 1 000 tenants"
STEPS = (10, 100, 200, 500, 1000)
PATHS = ("/api/users/me", "/api/files")
KEPT, RECYCLED = "kept", "recycled"
MEGABYTE = 1024 * 1024

Curve = list[dict[str, float]]


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    result: dict[str, Any] = {"bench": "worker_memory", "machine": machine()}
    with stores() as stack:
        fill_up(stack, options.tenants)
        command = [sys.executable, "-m", "bench.harness.provision", "tokens", str(options.tenants)]
        users = [line.split() for line in run(command, web_environment(stack)).splitlines()]
        # The maximum that aggios/checks.py accepts is higher than the number of tenants.
        maxima = {KEPT: 2000, RECYCLED: options.max_schemas}
        result["curves"] = {how: _curve(stack, users, maximum) for how, maximum in maxima.items()}
    show(
        result,
        as_json=options.json,
        title=f"One worker with one thread, MB; recycled: after {options.max_schemas} tenants",
        columns=("tenants", "connections", "worker", "backend", "maximum so far", "backends"),
        rows=[
            (
                f"{point['tenants']:.0f}",
                how,
                *(f"{point[name]:.1f}" for name in ("worker", "backend", "max")),
                f"{point['backends']:.0f}",
            )
            for how, curve in result["curves"].items()
            for point in curve
        ],
        closing=[
            f"Each tenant: {', '.join(PATHS)}, each authenticated.",
            "Worker: resident set. Backend: private memory (USS), without the shared buffers.",
        ],
    )
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench worker_memory",
        description=TITLE,
        epilog="For example: python -m bench worker_memory --max-schemas 200",
    )
    add = parser.add_argument
    add(
        "--tenants",
        type=int,
        default=1000,
        help="tenants that are served, one after the other (1000)",
    )
    add(
        "--max-schemas",
        type=int,
        default=200,
        help="DATABASE_CONN_MAX_SCHEMAS of the second run (200)",
    )
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _curve(stack: TestStack, users: list[list[str]], max_schemas: int) -> Curve:
    curve: Curve = []
    maximum, pids = 0.0, set()
    with (
        _served(stack, max_schemas) as web,
        psycopg.connect(stack.env["DATABASE_SUPERUSER_URL"]) as db,
    ):
        db.autocommit = True
        for served, (label, token) in enumerate(track(users, console=console, transient=True), 1):
            _request(web, label, token)
            if served % 20 and served not in (*STEPS, len(users)):
                continue
            pid = _backend_pid(db)
            pids.add(pid)
            backend = psutil.Process(pid).memory_full_info().uss / MEGABYTE if pid else 0.0
            maximum = max(maximum, backend)
            if served in (*STEPS, len(users)):
                point = {"tenants": served, "worker": _worker_megabytes(web), "backend": backend}
                curve.append({**point, "max": maximum, "backends": len(pids - {0})})
    return curve


@contextlib.contextmanager
def _served(stack: TestStack, max_schemas: int) -> Iterator[Web]:
    env = {**aggios_environment(stack), "DATABASE_CONN_MAX_SCHEMAS": str(max_schemas)}
    # Only the number of tenants ends a connection here, not its age.
    env |= {"DATABASE_CONN_MAX_AGE": "3600", "LOG_LEVEL": "ERROR"}
    with gunicorn(AGGIOS, env, Workers(1, 1), stack.home.logs / "memory.log") as web:
        yield web


def _request(web: Web, label: str, token: str) -> None:
    headers = {"Host": f"{label}.{BASE_DOMAIN}", "Authorization": f"Bearer {token}"}
    with contextlib.closing(
        http.client.HTTPConnection(LOOPBACK, web.port, timeout=60)
    ) as connection:
        for path in PATHS:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != http.client.OK:
                raise RuntimeError(f"{path} of {label}: {response.status} {body[:300]!r}")


def _backend_pid(db: psycopg.Connection) -> int:
    """Return the pid of the backend of the worker's connection, or 0 without one."""
    query = "SELECT max(pid) FROM pg_stat_activity WHERE usename = 'aggios_app'"
    row = db.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def _worker_megabytes(web: Web) -> float:
    (worker,) = psutil.Process(web.pid).children()
    return float(worker.memory_info().rss / MEGABYTE)
