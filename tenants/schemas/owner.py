"""The owner's connection, and what it lays down before any table: functions and default grants."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.db import connections
from psycopg import sql

from audit.verification import FUNCTIONS_SQL as CHAIN

OWNER_ALIAS = "owner"
FUNCTIONS_SQL = Path(__file__).with_name("functions.sql")


def owner_connection() -> Any:
    """Return the connection of the login that owns all tables. Raises CommandError without it."""
    if OWNER_ALIAS not in settings.DATABASES:
        raise CommandError("Set DATABASE_OWNER_URL: this needs the login that owns the tables.")
    return connections[OWNER_ALIAS]


def runtime_login() -> str:
    """Return the name of the login that the application serves with."""
    return str(settings.DATABASES["default"]["USER"])


def run_as_owner(statement: str, *names: str) -> None:
    """Run one statement as the owner; ``{}`` in it stand for quoted identifiers."""
    with owner_connection().cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def install_functions() -> None:
    """Create or replace what the application's login may call, and what the audit trail is by."""
    login = runtime_login()
    statements = FUNCTIONS_SQL.read_text(encoding="utf-8").format(
        runtime=sql.Identifier(login).as_string(), runtime_text=sql.Literal(login).as_string()
    )
    with owner_connection().cursor() as cursor:
        cursor.execute(statements)
        cursor.execute(CHAIN.read_text(encoding="utf-8"))


def create_role(role: str) -> None:
    """Make a tenant's role; the application's login may take it on, and inherits nothing of it."""
    run_as_owner("CREATE ROLE {} NOLOGIN", role)
    run_as_owner("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", role, runtime_login())


def grant_table_access(schema: str, role: str) -> None:
    """Let ``role`` read and write rows of what the owner will create in ``schema``; no more."""
    run_as_owner("GRANT USAGE ON SCHEMA {} TO {}", schema, role)
    defaults = "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT "
    run_as_owner(defaults + "SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}", schema, role)
    run_as_owner(defaults + "USAGE ON SEQUENCES TO {}", schema, role)


def make_history_read_only(schema: str, role: str) -> None:
    """Leave the record of migrations readable only."""
    run_as_owner("REVOKE INSERT, UPDATE, DELETE ON {}.django_migrations FROM {}", schema, role)
