"""Can anybody tell by the clock whether an address is known? Samples and their p-values."""

import argparse
import contextlib
import http.client
import json
import random
import time
from collections.abc import Iterator
from typing import Any

from rich.progress import track

from bench.accounts.significance import compared
from bench.harness.api_client import NEVER, post
from bench.harness.report import console, machine, show
from bench.harness.servers import LOOPBACK, Workers, gunicorn, stores, web_environment
from bench.questions import CLOSED, INACTIVE, KNOWN, PASSWORD, QUESTIONS, REGISTER, Question
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

TITLE = "whether known and unknown addresses can be told apart by time, with p-values"
WARMING = 5
LIMITS = "LOGIN_ACCOUNT LOGIN_ADDRESS LOGIN_RATE LOGIN_HOUR REGISTER FORGOT FORGOT_ACCOUNT"
LIMITS += " INVITE_TENANT INVITE_PERSON INVITE_ADDRESS"
TURNS = [(name, side) for name, asked in QUESTIONS.items() for side in asked.bodies]
Samples = dict[tuple[str, str], list[float]]


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about = machine()
    with stores() as stack, _site(stack) as (port, token):
        samples = _sampled(port, token, options.samples)
    _print(options, about, dict(_found(samples)))
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench enumeration", description=TITLE)
    parser.add_argument("--samples", type=int, default=2000, help="of each kind (2000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _site(stack: TestStack) -> Iterator[tuple[int, str]]:
    env = {
        **web_environment(stack),
        "PROMETHEUS_MULTIPROC_DIR": str(stack.home.folder("metrics")),
        **{f"RATE_LIMIT_{name}": NEVER for name in LIMITS.split()},
    }
    application = ["-c", "python:aggios.gunicorn", "aggios.wsgi:application"]
    log = stack.home.logs / "bench-enumeration.log"
    with gunicorn(application, env, Workers(1, 4), log) as web:
        yield web.port, _populate(web.port)


def _populate(port: int) -> str:
    """Open two workspaces with the known address in both; return the owner's token in the first."""

    def workspace(slug: str, **rules: Any) -> str:
        owner = {"company": "Acme", "subdomain": slug, "email": KNOWN, "password": PASSWORD}
        token: str = post(port, BASE_DOMAIN, REGISTER, owner)["access_token"]
        change = {"registration": "open", **rules}
        post(port, f"{slug}.{BASE_DOMAIN}", "/api/tenant", change, token, method="PATCH")
        return token

    workspace("open", settings={"email_verification": "required"})
    token = workspace("acme")
    person = post(port, CLOSED, REGISTER, {"email": INACTIVE, "password": PASSWORD})["user"]["id"]
    post(port, CLOSED, f"/api/users/{person}", {"is_active": False}, token, method="PATCH")
    post(port, CLOSED, "/api/tenant", {"registration": "closed"}, token, method="PATCH")
    return token


def _sampled(port: int, token: str, count: int) -> Samples:
    """Ask everything so often, each time in an order drawn anew, so that none follows the same."""
    samples: Samples = {turn: [] for turn in TURNS}
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
    rounds = range(count + WARMING)
    for _ in track(rounds, "Measuring", console=console, transient=True):
        for name, side in random.sample(TURNS, len(TURNS)):
            samples[name, side].append(_seconds(connection, QUESTIONS[name], side, token))
    connection.close()
    return {turn: values[WARMING:] for turn, values in samples.items()}


def _seconds(
    connection: http.client.HTTPConnection, asked: Question, side: str, token: str
) -> float:
    text = json.dumps(asked.bodies[side])
    headers = {"Host": asked.host, "Content-Type": "application/json"}
    if asked.as_owner:
        headers["Authorization"] = f"Bearer {token}"
    started = time.perf_counter()
    connection.request("POST", asked.path, text, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != asked.status:
        raise RuntimeError(f"{asked.path} answered {answer.status}")
    return time.perf_counter() - started


def _found(samples: Samples) -> Iterator[tuple[str, dict[str, float]]]:
    for name, asked in QUESTIONS.items():
        *known, unknown = asked.bodies
        for side in known:
            title = name if len(known) == 1 else f"{name}, {side}"
            yield title, compared(samples[name, side], samples[name, unknown])


COLUMNS = {"known_ms": 2, "unknown_ms": 2, "p": 3, "ks_p": 3, "chance": 3}


def _print(options: argparse.Namespace, about: dict[str, Any], found: dict[str, Any]) -> None:
    tests = 2 * len(found)
    show(
        {"bench": "enumeration", "machine": about, "samples": options.samples, "pairs": found},
        as_json=options.json,
        title=f"Known and unknown, {options.samples} of each, in turns drawn by lot",
        columns=("what", "known ms", "unknown ms", "p", "KS p", "chance"),
        rows=[
            (name, *(f"{one[key]:.{digits}f}" for key, digits in COLUMNS.items()))
            for name, one in found.items()
        ],
        closing=[
            "p: Mann-Whitney U with ties; KS p: Kolmogorov-Smirnov; both two-sided.",
            "Chance: of telling right by the clock; a coin has 0.5.",
            f"{tests} p: with no difference, one is below {0.05 / tests:.4f} in a run of twenty.",
        ],
    )
