"""The sides of a comparison: a server, and a request that it answers with the current user."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from bench.harness.api_client import registration, sign_up
from bench.harness.load import get
from bench.harness.servers import (
    AGGIOS,
    DJANGO,
    Web,
    Workers,
    aggios_environment,
    database_of,
    gunicorn,
    run,
    web_environment,
)
from bench.stock import database
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

PATH = "/api/users/me"
OURS, STOCK, PERSISTENT, BARE = "Aggios", "stock", "stock, CONN_MAX_AGE=600", "bare Django view"


class StatementCounter:
    """SQL statements of one database by ``pg_stat_statements``: all kinds, SET and BEGIN too."""

    def __init__(self, superuser_url: str, database: str) -> None:
        self._url = superuser_url
        self._database = database
        with psycopg.connect(self._url, autocommit=True) as server:
            server.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def start(self) -> None:
        """Reset the counters."""
        with psycopg.connect(self._url, autocommit=True) as server:
            server.execute("SELECT pg_stat_statements_reset()")

    def read(self) -> dict[str, int]:
        """Return the text of each statement with its number of executions since ``start``."""
        with psycopg.connect(self._url, autocommit=True) as server:
            rows = server.execute(
                "SELECT query, sum(calls)::bigint FROM pg_stat_statements s "
                "JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = %s GROUP BY query",
                [self._database],
            ).fetchall()
        return {query: int(calls) for query, calls in rows}


@dataclass(frozen=True)
class Side:
    """One server that is measured."""

    name: str
    web: Web
    request: bytes
    statements: StatementCounter | None = None


@contextlib.contextmanager
def all_sides(stack: TestStack, workers: Workers) -> Iterator[list[Side]]:
    """Serve every side; each has its own gunicorn, all have the same PostgreSQL server."""
    with contextlib.ExitStack() as running:
        enter = running.enter_context
        yield [
            enter(ours(stack, workers, owner=registration())),
            *enter(_stock(stack, workers)),
            enter(bare(stack, workers)),
        ]


@contextlib.contextmanager
def ours(
    stack: TestStack, workers: Workers, *, owner: dict[str, str], **settings: str
) -> Iterator[Side]:
    """Serve Aggios with a tenant that is created by the request body ``owner``."""
    log = stack.home.logs / "bench-ours.log"
    with gunicorn(AGGIOS, {**aggios_environment(stack), **settings}, workers, log) as web:
        request = get(PATH, f"acme.{BASE_DOMAIN}", sign_up(web.port, owner))
        yield Side(OURS, web, request, _counter(stack, stack.env["DATABASE_URL"]))


@contextlib.contextmanager
def _stock(stack: TestStack, workers: Workers) -> Iterator[tuple[Side, Side]]:
    env = database.environment(stack, "bench.stock.settings")
    token = run([sys.executable, "-m", "bench.stock.provision", "populate"], env).strip()
    request = get(PATH, "acme.stock.localhost", token)
    counter = _counter(stack, env["STOCK_DATABASE_URL"])
    log = stack.home.logs / "bench-stock.log"
    persistent = {**env, "STOCK_CONN_MAX_AGE": "600"}
    with (
        gunicorn(DJANGO, env, workers, log) as web,
        gunicorn(DJANGO, persistent, workers, log.with_suffix(".persistent")) as other,
    ):
        yield Side(STOCK, web, request, counter), Side(PERSISTENT, other, request, counter)


@contextlib.contextmanager
def bare(stack: TestStack, workers: Workers) -> Iterator[Side]:
    """Serve a Django view that uses no database."""
    env = {**web_environment(stack), "DJANGO_SETTINGS_MODULE": "bench.stock.bare"}
    with gunicorn(DJANGO, env, workers, stack.home.logs / "bench-bare.log") as web:
        yield Side(BARE, web, get(PATH, "localhost"))


def _counter(stack: TestStack, url: str) -> StatementCounter:
    return StatementCounter(stack.env["DATABASE_SUPERUSER_URL"], database_of(url))
