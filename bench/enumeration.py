"""Can anybody tell by the clock whether an address is known? Samples and their p-values."""

import argparse
import contextlib
import http.client
import itertools
import json
import math
import random
import secrets
import statistics
import time
from collections.abc import Iterator
from typing import Any

from rich.progress import track

from bench.accounts import NEVER, post
from bench.report import console, machine, show
from bench.servers import LOOPBACK, Workers, gunicorn, stores, web_environment
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

TITLE = "whether known and unknown addresses can be told apart by time, with p-values"
PASSWORD = secrets.token_urlsafe(18)
HOST = f"acme.{BASE_DOMAIN}"
KNOWN, UNKNOWN, INACTIVE = "ada@acme.test", "eva@acme.test", "ian@acme.test"
# What is asked, and the two bodies that nobody is to tell apart.
PAIRS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "log in: wrong / unknown": (
        "/api/auth/login",
        {"email": KNOWN, "password": "wrong"},
        {"email": UNKNOWN, "password": "wrong"},
    ),
    "log in: inactive / unknown": (
        "/api/auth/login",
        {"email": INACTIVE, "password": PASSWORD},
        {"email": UNKNOWN, "password": PASSWORD},
    ),
    "forgot": ("/api/auth/password/forgot", {"email": KNOWN}, {"email": UNKNOWN}),
    "register, closed": (
        "/api/auth/register",
        {"email": KNOWN, "password": PASSWORD},
        {"email": UNKNOWN, "password": PASSWORD},
    ),
}


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about = machine()
    samples: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in PAIRS}
    with stores() as stack, _site(stack) as port:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
        for _ in track(range(options.samples), "Measuring", console=console, transient=True):
            for (name, (path, *bodies)), side in _shuffled():
                samples[name][side].append(_seconds(connection, path, bodies[side]))
        connection.close()
    _print(options, about, {name: compared(*pair) for name, pair in samples.items()})
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench enumeration", description=TITLE)
    parser.add_argument("--samples", type=int, default=2000, help="of each kind (2000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


def _shuffled() -> list[tuple[tuple[str, Any], int]]:
    """Each pair's two sides, in an order drawn anew, so that no side follows the same other."""
    turns = list(itertools.product(PAIRS.items(), (0, 1)))
    random.shuffle(turns)
    return turns


@contextlib.contextmanager
def _site(stack: TestStack) -> Iterator[int]:
    names = ("LOGIN_ACCOUNT", "LOGIN_ADDRESS", "LOGIN_RATE", "LOGIN_HOUR", "REGISTER", "FORGOT")
    env = {
        **web_environment(stack),
        "PROMETHEUS_MULTIPROC_DIR": str(stack.home.folder("metrics")),
        **{f"RATE_LIMIT_{name}": NEVER for name in (*names, "FORGOT_ACCOUNT")},
    }
    application = ["-c", "python:aggios.gunicorn", "aggios.wsgi:application"]
    log = stack.home.logs / "bench-enumeration.log"
    with gunicorn(application, env, Workers(1, 4), log) as web:
        _populate(web.port)
        yield web.port


def _populate(port: int) -> None:
    owner = {"company": "Acme", "subdomain": "acme", "email": KNOWN, "password": PASSWORD}
    token = post(port, BASE_DOMAIN, "/api/auth/register", owner)["access_token"]
    post(port, HOST, "/api/tenant", {"registration": "open"}, token, method="PATCH")
    person = post(port, HOST, "/api/auth/register", {"email": INACTIVE, "password": PASSWORD})
    path = f"/api/users/{person['user']['id']}"
    post(port, HOST, path, {"is_active": False}, token, method="PATCH")
    post(port, HOST, "/api/tenant", {"registration": "closed"}, token, method="PATCH")


def _seconds(connection: http.client.HTTPConnection, path: str, body: dict[str, str]) -> float:
    text = json.dumps(body)
    headers = {"Host": HOST, "Content-Type": "application/json"}
    started = time.perf_counter()
    connection.request("POST", path, text, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status not in (204, 401, 403):
        raise RuntimeError(f"{path} answered {answer.status}")
    return time.perf_counter() - started


def compared(known: list[float], unknown: list[float]) -> dict[str, float]:
    """Compare two samples by the Mann-Whitney U test, two-sided, by the normal approximation.

    ``chance`` is that of telling right which of two is the known one by which took longer: 0.5 is
    a coin's. Times are in milliseconds.
    """
    n, m = len(known), len(unknown)
    ranked = sorted([(t, 0) for t in known] + [(t, 1) for t in unknown])
    rank_sum = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 0)
    u = rank_sum - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return {
        "p": math.erfc(abs(z) / math.sqrt(2)),
        "chance": u / (n * m),
        "known_ms": statistics.median(known) * 1000,
        "unknown_ms": statistics.median(unknown) * 1000,
    }


def _print(options: argparse.Namespace, about: dict[str, Any], found: dict[str, Any]) -> None:
    show(
        {"bench": "enumeration", "machine": about, "samples": options.samples, "pairs": found},
        as_json=options.json,
        title=f"Known and unknown, {options.samples} of each, in turns drawn by lot",
        columns=("what", "known ms", "unknown ms", "p", "chance"),
        rows=[
            (
                name,
                f"{one['known_ms']:.2f}",
                f"{one['unknown_ms']:.2f}",
                f"{one['p']:.3f}",
                f"{one['chance']:.3f}",
            )
            for name, one in found.items()
        ],
        closing=[
            "Mann-Whitney U, two-sided. Chance: of telling right by the clock; a coin has 0.5.",
            f"{len(found)} pairs: with no difference at all, one p below 0.05 comes in five runs.",
        ],
    )
