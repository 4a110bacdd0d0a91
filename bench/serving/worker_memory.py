"""What one web process and its database connection hold after serving tenant after tenant."""

import argparse
import contextlib
import http.client
import sys
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
from rich.progress import track

from bench.harness.report import console, machine, show
from bench.harness.servers import LOOPBACK, Web, Workers, gunicorn, run, stores, web_environment
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
        command = [sys.executable, "-m", "bench.memory_tokens", str(options.tenants)]
        people = [line.split() for line in run(command, web_environment(stack)).splitlines()]
        # The most that aggios/checks.py lets pass is more than there are tenants.
        scopes = {KEPT: 2000, RECYCLED: options.scopes}
        result["curves"] = {how: _curve(stack, people, most) for how, most in scopes.items()}
    show(
        result,
        as_json=options.json,
        title=f"One worker with one thread, MB; recycled: after {options.scopes} tenants",
        columns=("tenants", "connections", "worker", "its backend", "the most so far", "backends"),
        rows=[
            (
                f"{point['tenants']:.0f}",
                how,
                *(f"{point[name]:.1f}" for name in ("worker", "backend", "most")),
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
        epilog="For example: python -m bench worker_memory --scopes 200",
    )
    add = parser.add_argument
    add("--tenants", type=int, default=1000, help="how many are served in turn (1000)")
    add("--scopes", type=int, default=200, help="DATABASE_CONN_MAX_SCHEMAS of the second run (200)")
    add("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _curve(stack: TestStack, people: list[list[str]], scopes: int) -> Curve:
    curve: Curve = []
    most, pids = 0.0, set()
    with _served(stack, scopes) as web, psycopg.connect(stack.env["DATABASE_SUPERUSER_URL"]) as db:
        db.autocommit = True
        for served, (label, token) in enumerate(track(people, console=console, transient=True), 1):
            _visit(web, label, token)
            if served % 20 and served not in (*STEPS, len(people)):
                continue
            pid = _backend(db)
            pids.add(pid)
            backend = psutil.Process(pid).memory_full_info().uss / MEGABYTE if pid else 0.0
            most = max(most, backend)
            if served in (*STEPS, len(people)):
                point = {"tenants": served, "worker": _worker(web), "backend": backend}
                curve.append({**point, "most": most, "backends": len(pids - {0})})
    return curve


@contextlib.contextmanager
def _served(stack: TestStack, scopes: int) -> Iterator[Web]:
    application = ["-c", "python:aggios.gunicorn", "aggios.wsgi:application"]
    env = {**web_environment(stack), "DATABASE_CONN_MAX_SCHEMAS": str(scopes)}
    # Only the number of tenants is to end a connection here, and not the clock.
    env |= {"DATABASE_CONN_MAX_AGE": "3600", "LOG_LEVEL": "ERROR"}
    env |= {"PROMETHEUS_MULTIPROC_DIR": str(stack.home.folder("metrics"))}
    with gunicorn(application, env, Workers(1, 1), stack.home.logs / "memory.log") as web:
        yield web


def _visit(web: Web, label: str, token: str) -> None:
    headers = {"Host": f"{label}.{BASE_DOMAIN}", "Authorization": f"Bearer {token}"}
    with contextlib.closing(http.client.HTTPConnection(LOOPBACK, web.port, timeout=60)) as line:
        for path in PATHS:
            line.request("GET", path, headers=headers)
            answer = line.getresponse()
            body = answer.read()
            if answer.status != http.client.OK:
                raise RuntimeError(f"{path} of {label}: {answer.status} {body[:300]!r}")


def _backend(db: psycopg.Connection) -> int:
    """Return the process that serves the worker's connection, or 0 while there is none."""
    query = "SELECT max(pid) FROM pg_stat_activity WHERE usename = 'aggios_app'"
    row = db.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def _worker(web: Web) -> float:
    (worker,) = psutil.Process(web.pid).children()
    return float(worker.memory_info().rss / MEGABYTE)
