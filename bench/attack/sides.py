"""The two sides: Aggios' database backend and middleware, and django-tenants'."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench.attack.cases import labels_of
from bench.attack.proxy import Proxy
from bench.harness.servers import (
    AGGIOS,
    DJANGO,
    Web,
    Workers,
    aggios_environment,
    database_of,
    gunicorn,
    run,
)
from bench.stock import database
from devstack.environment import BASE_DOMAIN
from devstack.testing import TestStack

OURS, STOCK = "ours", "stock"
TENANTS = ["acme", "globex", "initech", "umbrella", "hooli", "stark"]
WORKERS = Workers(processes=2, threads=4)


@dataclass(frozen=True)
class Side:
    """One side with its canary rows: how to serve it, and the schemas of its tenants."""

    name: str
    application: tuple[str, ...]
    environment: dict[str, str]
    url_variable: str
    domain: str
    schemas: dict[str, str]

    @property
    def login(self) -> str:
        """The database login of the application."""
        return str(urlsplit(self.environment[self.url_variable]).username)


def ours(stack: TestStack) -> Side:
    """Create Aggios' tenants and canaries."""
    env = {**aggios_environment(stack), "LOG_LEVEL": "ERROR"}
    env["DJANGO_SETTINGS_MODULE"] = "bench.attack.settings_ours"
    return Side(OURS, AGGIOS, env, "DATABASE_URL", BASE_DOMAIN, _seed(OURS, env))


def stock(stack: TestStack) -> Side:
    """Create the stock project's tenants and canaries, in its own database."""
    env = database.environment(stack, "bench.attack.settings_stock")
    schemas = _seed(STOCK, env)
    return Side(STOCK, DJANGO, env, "STOCK_DATABASE_URL", "stock.localhost", schemas)


def _seed(name: str, env: dict[str, str]) -> dict[str, str]:
    printed = run([sys.executable, "-m", f"bench.attack.seed_{name}", *TENANTS], env)
    return dict(zip(TENANTS, printed.split(), strict=True))


@contextlib.contextmanager
def served(stack: TestStack, side: Side, connections: str, proxy: Proxy) -> Iterator[Web]:
    """Serve a side through the proxy, with a kind of database connections."""
    url = urlsplit(side.environment[side.url_variable])
    proxied = url._replace(netloc=f"{url.username}:{url.password}@{url.hostname}:{proxy.port}")
    env = {
        **side.environment,
        side.url_variable: proxied.geturl(),
        "ATTACK_CONNECTIONS": connections,
    }
    log = stack.home.logs / f"attack-{side.name}-{connections}.log"
    with gunicorn(side.application, env, WORKERS, log) as web:
        yield web


def misplaced(stack: TestStack, side: Side) -> list[str]:
    """Return rows and notes that the requests wrote to a wrong schema."""
    server = urlsplit(stack.env["DATABASE_SUPERUSER_URL"])
    name = database_of(side.environment[side.url_variable])
    found = []
    with psycopg.connect(server._replace(path=f"/{name}").geturl()) as connection:
        for owner, schema in {**side.schemas, "public": "public"}.items():
            query = sql.SQL("SELECT label, note FROM {}.attack_canary ORDER BY id")
            rows = connection.execute(query.format(sql.Identifier(schema))).fetchall()
            allowed = {""} if owner == "public" else {"", f"written by {owner}"}
            if [label for label, _ in rows] != labels_of(owner):
                found.append(f"{owner} has {[label for label, _ in rows]}")
            found += [f"{owner}: {note}" for note in {note for _, note in rows} - allowed]
    return found
