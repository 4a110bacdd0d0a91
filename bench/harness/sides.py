"""The sides of ``users_me``: what each serves, and a request that it answers with the person."""

import contextlib
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from bench.harness.api_client import post
from bench.harness.load import get
from bench.harness.servers import Web, Workers, gunicorn, run, web_environment
from bench.statements import StatementCount, database_of
from bench.stock import database
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

PATH = "/api/users/me"
OURS, STOCK, PERSISTENT, BARE = "Aggios", "stock", "stock, CONN_MAX_AGE=600", "bare Django view"

PERSON = {
    "company": "Acme",
    "subdomain": "acme",
    "email": "ada@acme.test",
    "first_name": "Ada",
    "last_name": "Lovelace",
}


@dataclass(frozen=True)
class Side:
    """One server that is measured."""

    name: str
    web: Web
    request: bytes
    statements: StatementCount | None = None


@contextlib.contextmanager
def all_sides(stack: TestStack, workers: Workers) -> Iterator[list[Side]]:
    """Start every side; each has its own gunicorn, all have the same PostgreSQL server."""
    with contextlib.ExitStack() as running:
        enter = running.enter_context
        yield [
            enter(ours(stack, workers, person=a_person())),
            *enter(_stock(stack, workers)),
            enter(bare(stack, workers)),
        ]


def a_person() -> dict[str, str]:
    """Return what somebody gives who opens a workspace."""
    return {**PERSON, "password": secrets.token_urlsafe(18)}


@contextlib.contextmanager
def ours(
    stack: TestStack, workers: Workers, *, person: dict[str, str], **settings: str
) -> Iterator[Side]:
    """Serve Aggios with some settings and a workspace of this person's, and read them."""
    application = ["-c", "python:aggios.gunicorn", "aggios.wsgi:application"]
    log = stack.home.logs / "bench-ours.log"
    metrics = {"PROMETHEUS_MULTIPROC_DIR": str(stack.home.folder("metrics"))}
    env = {**web_environment(stack), **metrics, **settings}
    with gunicorn(application, env, workers, log) as web:
        request = get(PATH, f"acme.{BASE_DOMAIN}", sign_up(web.port, person))
        yield Side(OURS, web, request, _count(stack, stack.env["DATABASE_URL"]))


def sign_up(port: int, person: dict[str, str]) -> str:
    """Open the workspace ``acme`` over HTTP, as anybody would, and return its owner's token."""
    return str(post(port, BASE_DOMAIN, "/api/auth/register", person)["access_token"])


@contextlib.contextmanager
def _stock(stack: TestStack, workers: Workers) -> Iterator[tuple[Side, Side]]:
    env = database.environment(stack, "bench.stock.settings")
    token = run([sys.executable, "-m", "bench.stock.populate"], env).strip()
    request = get(PATH, "acme.stock.localhost", token)
    count = _count(stack, env["STOCK_DATABASE_URL"])
    log = stack.home.logs / "bench-stock.log"
    lasting = {**env, "STOCK_CONN_MAX_AGE": "600"}
    with (
        gunicorn(["bench.stock.wsgi"], env, workers, log) as web,
        gunicorn(["bench.stock.wsgi"], lasting, workers, log.with_suffix(".lasting")) as other,
    ):
        yield Side(STOCK, web, request, count), Side(PERSISTENT, other, request, count)


@contextlib.contextmanager
def bare(stack: TestStack, workers: Workers) -> Iterator[Side]:
    """Serve a Django view that touches nothing."""
    env = {**web_environment(stack), "DJANGO_SETTINGS_MODULE": "bench.stock.settings_bare"}
    log = stack.home.logs / "bench-bare.log"
    with gunicorn(["bench.stock.wsgi"], env, workers, log) as web:
        yield Side(BARE, web, get(PATH, "localhost"))


def _count(stack: TestStack, url: str) -> StatementCount:
    return StatementCount(stack.env["DATABASE_SUPERUSER_URL"], database_of(url))
