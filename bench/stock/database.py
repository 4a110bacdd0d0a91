"""Database and environment of the stock project, on the benchmark's PostgreSQL server."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from audit.verification import FUNCTIONS_SQL
from devstack.environment import inherited_environment
from devstack.testing import TestStack

NAME = "stock"


def environment(stack: TestStack, settings: str) -> dict[str, str]:
    """Create an empty database for the stock project and return the environment to use it in."""
    url = _create_database(stack.env["DATABASE_SUPERUSER_URL"])
    return {
        **inherited_environment(),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "DJANGO_SETTINGS_MODULE": settings,
        "STOCK_DATABASE_URL": url,
        "STOCK_SECRET_KEY": secrets.token_hex(32),
        # The list of tenant apps is that of Aggios' settings, which need their variables.
        **stack.env,
    }


def _create_database(superuser_url: str) -> str:
    """Create a login that owns its database, as the documentation of django-tenants assumes."""
    password = secrets.token_hex(16)
    name = sql.Identifier(NAME)
    with psycopg.connect(superuser_url, autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password))
        )
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
    parts = urlsplit(superuser_url)
    url = f"postgresql://{NAME}:{password}@{parts.hostname}:{parts.port}/{NAME}"
    _create_functions(url)
    return url


def _create_functions(url: str) -> None:
    """Create what the migrations of Aggios' tenant apps refer to; they run here unchanged."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA aggios")
        connection.execute(FUNCTIONS_SQL.read_text(encoding="utf-8"))  # type: ignore[arg-type]
