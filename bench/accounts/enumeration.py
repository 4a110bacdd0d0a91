"""Whether response times show if an e-mail address is known: samples and their p-values."""

import argparse
import contextlib
import http.client
import json
import random
import secrets
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.progress import track

from bench.accounts.significance import compare
from bench.harness.api_client import TIMEOUT, UNLIMITED, call
from bench.harness.load import LOOPBACK
from bench.harness.report import console, machine, show
from bench.harness.servers import AGGIOS, Workers, aggios_environment, gunicorn, stores
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

TITLE = "whether response times show if an e-mail address is known, with p-values"
WARM_UP = 5
LIMITS = "LOGIN_ACCOUNT LOGIN_ADDRESS LOGIN_RATE LOGIN_HOUR REGISTER FORGOT FORGOT_ACCOUNT"
LIMITS += " INVITE_TENANT INVITE_PERSON INVITE_ADDRESS"
# All have the same length. UNKNOWN has no user.
KNOWN, INACTIVE, UNKNOWN = "ada@acme.test", "ian@acme.test", "eva@acme.test"
PASSWORD, WRONG = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
REGISTER = "/api/auth/register"
CLOSED, CONFIRMS = f"acme.{BASE_DOMAIN}", f"open.{BASE_DOMAIN}"
Samples = dict[tuple[str, str], list[float]]


class Comparison(NamedTuple):
    """A request that is sent with several bodies; the last is about the unknown address."""

    status: int
    host: str
    path: str
    bodies: dict[str, dict[str, str]]
    as_owner: bool = False


def _bodies(**more: str) -> dict[str, dict[str, str]]:
    return {"known": {"email": KNOWN, **more}, "unknown": {"email": UNKNOWN, **more}}


LOG_INS = {
    "wrong password": {"email": KNOWN, "password": WRONG},
    "inactive": {"email": INACTIVE, "password": PASSWORD},
    "unknown": {"email": UNKNOWN, "password": PASSWORD},
}
COMPARISONS = {
    "log in": Comparison(401, CLOSED, "/api/auth/login", LOG_INS),
    "forgot": Comparison(204, CLOSED, "/api/auth/password/forgot", _bodies()),
    "register, closed": Comparison(403, CLOSED, REGISTER, _bodies(password=PASSWORD)),
    "register, confirmed": Comparison(202, CONFIRMS, REGISTER, _bodies(password=PASSWORD)),
    "invite": Comparison(201, CLOSED, "/api/invitations", _bodies(), as_owner=True),
}
REQUESTS = [(name, kind) for name, compared in COMPARISONS.items() for kind in compared.bodies]


def main(arguments: list[str]) -> int:
    """Run the benchmark and print it."""
    options = _options(arguments)
    about = machine()
    with stores() as stack, _server(stack) as (port, token):
        samples = _sample(port, token, options.samples)
    _print(options, about, dict(_compare(samples)))
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench enumeration", description=TITLE)
    parser.add_argument("--samples", type=int, default=2000, help="requests of each kind (2000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _server(stack: TestStack) -> Iterator[tuple[int, str]]:
    env = {
        **aggios_environment(stack),
        **{f"RATE_LIMIT_{name}": UNLIMITED for name in LIMITS.split()},
    }
    log = stack.home.logs / "bench-enumeration.log"
    with gunicorn(AGGIOS, env, Workers(1, 4), log) as web:
        yield web.port, _populate(web.port)


def _populate(port: int) -> str:
    """Create two tenants with the known address in both; return the owner's token of ``acme``."""

    def tenant(slug: str, **rules: Any) -> str:
        owner = {"company": "Acme", "subdomain": slug, "email": KNOWN, "password": PASSWORD}
        token: str = call(port, BASE_DOMAIN, REGISTER, owner)["access_token"]
        change = {"registration": "open", **rules}
        call(port, f"{slug}.{BASE_DOMAIN}", "/api/tenant", change, token, method="PATCH")
        return token

    tenant("open", settings={"email_verification": "required"})
    token = tenant("acme")
    user = call(port, CLOSED, REGISTER, {"email": INACTIVE, "password": PASSWORD})["user"]["id"]
    call(port, CLOSED, f"/api/users/{user}", {"is_active": False}, token, method="PATCH")
    call(port, CLOSED, "/api/tenant", {"registration": "closed"}, token, method="PATCH")
    return token


def _sample(port: int, token: str, count: int) -> Samples:
    """Send every request so often, each time in a new random order."""
    samples: Samples = {request: [] for request in REQUESTS}
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT)
    repetitions = range(count + WARM_UP)
    for _ in track(repetitions, "Measuring", console=console, transient=True):
        for name, kind in random.sample(REQUESTS, len(REQUESTS)):
            samples[name, kind].append(_seconds(connection, COMPARISONS[name], kind, token))
    connection.close()
    return {request: values[WARM_UP:] for request, values in samples.items()}


def _seconds(
    connection: http.client.HTTPConnection, compared: Comparison, kind: str, token: str
) -> float:
    text = json.dumps(compared.bodies[kind])
    headers = {"Host": compared.host, "Content-Type": "application/json"}
    if compared.as_owner:
        headers["Authorization"] = f"Bearer {token}"
    started = time.perf_counter()
    connection.request("POST", compared.path, text, headers)
    response = connection.getresponse()
    response.read()
    if response.status != compared.status:
        raise RuntimeError(f"{compared.path} responded {response.status}")
    return time.perf_counter() - started


def _compare(samples: Samples) -> Iterator[tuple[str, dict[str, float]]]:
    for name, compared in COMPARISONS.items():
        *known, unknown = compared.bodies
        for kind in known:
            title = name if len(known) == 1 else f"{name}, {kind}"
            yield title, compare(samples[name, kind], samples[name, unknown])


COLUMNS = {"known_ms": 2, "unknown_ms": 2, "p": 3, "ks_p": 3, "chance": 3}


def _print(options: argparse.Namespace, about: dict[str, Any], found: dict[str, Any]) -> None:
    tests = 2 * len(found)
    show(
        {"bench": "enumeration", "machine": about, "samples": options.samples, "pairs": found},
        as_json=options.json,
        title=f"Known and unknown, {options.samples} of each, in random order",
        columns=("what", "known ms", "unknown ms", "p", "KS p", "chance"),
        rows=[
            (name, *(f"{one[key]:.{digits}f}" for key, digits in COLUMNS.items()))
            for name, one in found.items()
        ],
        closing=[
            "p: Mann-Whitney U with ties; KS p: Kolmogorov-Smirnov; both two-sided.",
            "Chance: the probability to identify the known one by its time; a coin has 0.5.",
            f"{tests} p: without a difference, one is below {0.05 / tests:.4f} in 1 run of 20.",
        ],
    )
