"""The two sides, served: Aggios' backend and middleware, and django-tenants' own."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench.attack.cases import labels_of
from bench.attack.proxy import Wire
from bench.harness.servers import Web, Workers, gunicorn, run, web_environment
from bench.statements import database_of
from bench.stock import database
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

OURS, STOCK = "ours", "stock"
TENANTS = ["acme", "globex", "initech", "umbrella", "hooli", "stark"]
WORKERS = Workers(processes=2, threads=4)


@dataclass(frozen=True)
class Side:
    """One side with its canaries planted: how to serve it, and where its rows are."""

    name: str
    application: tuple[str, ...]
    environment: dict[str, str]
    url_variable: str
    domain: str
    schemas: dict[str, str]

    @property
    def login(self) -> str:
        """The database login that the application serves with."""
        return str(urlsplit(self.environment[self.url_variable]).username)


def ours(stack: TestStack) -> Side:
    """Plant Aggios' tenants."""
    env = {**web_environment(stack), "DJANGO_SETTINGS_MODULE": "bench.attack.settings_ours"}
    env |= {"PROMETHEUS_MULTIPROC_DIR": str(stack.home.folder("metrics")), "LOG_LEVEL": "ERROR"}
    application = ("-c", "python:aggios.gunicorn", "aggios.wsgi:application")
    return Side(OURS, application, env, "DATABASE_URL", BASE_DOMAIN, _plant(OURS, env))


def stock(stack: TestStack) -> Side:
    """Plant the stock project's tenants, in a database of its own."""
    env = database.environment(stack, "bench.attack.settings_stock")
    env["DJANGO_SETTINGS_MODULE"] = "bench.attack.settings_stock"
    schemas = _plant(STOCK, env)
    return Side(STOCK, ("bench.stock.wsgi",), env, "STOCK_DATABASE_URL", "stock.localhost", schemas)


def _plant(name: str, env: dict[str, str]) -> dict[str, str]:
    printed = run([sys.executable, "-m", f"bench.attack.seed_{name}", *TENANTS], env)
    return dict(zip(TENANTS, printed.split(), strict=True))


@contextlib.contextmanager
def served(stack: TestStack, side: Side, connections: str, wire: Wire) -> Iterator[Web]:
    """Serve a side through the wire, with the connections that are asked for."""
    url = urlsplit(side.environment[side.url_variable])
    there = url._replace(netloc=f"{url.username}:{url.password}@{url.hostname}:{wire.port}")
    env = {
        **side.environment,
        side.url_variable: there.geturl(),
        "ATTACK_CONNECTIONS": connections,
    }
    log = stack.home.logs / f"attack-{side.name}-{connections}.log"
    with gunicorn([*side.application], env, WORKERS, log) as web:
        yield web


def misplaced(stack: TestStack, side: Side) -> list[str]:
    """Return what the requests left in a schema that does not belong there."""
    server = urlsplit(stack.env["DATABASE_SUPERUSER_URL"])
    name = database_of(side.environment[side.url_variable])
    found = []
    with psycopg.connect(server._replace(path=f"/{name}").geturl()) as inside:
        for owner, schema in {**side.schemas, "public": "public"}.items():
            query = sql.SQL("SELECT label, note FROM {}.canary_canary ORDER BY id")
            rows = inside.execute(query.format(sql.Identifier(schema))).fetchall()
            allowed = {""} if owner == "public" else {"", f"written by {owner}"}
            if [label for label, _ in rows] != labels_of(owner):
                found.append(f"{owner} holds {[label for label, _ in rows]}")
            found += [f"{owner}: {note}" for note in {note for _, note in rows} - allowed]
    return found
