"""The owner's login: its connection, and the functions, schemas, roles and grants it creates."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.db import connections, transaction
from psycopg import sql

from audit.verification import FUNCTIONS_SQL as AUDIT_FUNCTIONS_SQL
from core.db_backend.scope import PUBLIC, use_scope

OWNER_ALIAS = "owner"
FUNCTIONS_SQL = Path(__file__).with_name("functions.sql")


def owner_connection() -> Any:
    """Return the connection of the login that owns all tables.

    Raises: CommandError if DATABASE_OWNER_URL is not set.
    """
    if OWNER_ALIAS not in settings.DATABASES:
        raise CommandError("Set DATABASE_OWNER_URL: this needs the login that owns the tables.")
    return connections[OWNER_ALIAS]


def runtime_login() -> str:
    """Return the name of the application's login."""
    return str(settings.DATABASES["default"]["USER"])


def run_as_owner(statement: str, *names: str) -> None:
    """Run one statement as the owner; each ``{}`` is replaced by a quoted identifier."""
    with owner_connection().cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def install_functions() -> None:
    """Create or replace the function for new tenants and the functions of the audit chain."""
    login = runtime_login()
    statements = FUNCTIONS_SQL.read_text(encoding="utf-8").format(
        runtime=sql.Identifier(login).as_string(), runtime_text=sql.Literal(login).as_string()
    )
    with owner_connection().cursor() as cursor:
        cursor.execute(statements)
        cursor.execute(AUDIT_FUNCTIONS_SQL.read_text(encoding="utf-8"))


def create_role(role: str) -> None:
    """Create a tenant's role; the application's login may SET ROLE to it, but inherits nothing."""
    run_as_owner("CREATE ROLE {} NOLOGIN", role)
    run_as_owner("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", role, runtime_login())


def grant_table_access(schema: str, role: str) -> None:
    """Grant ``role`` row access to the tables that the owner will create in ``schema``."""
    run_as_owner("GRANT USAGE ON SCHEMA {} TO {}", schema, role)
    defaults = "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT "
    run_as_owner(defaults + "SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}", schema, role)
    run_as_owner(defaults + "USAGE ON SEQUENCES TO {}", schema, role)


def make_history_read_only(schema: str, role: str) -> None:
    """Make the migration history read-only for ``role``."""
    run_as_owner("REVOKE INSERT, UPDATE, DELETE ON {}.django_migrations FROM {}", schema, role)


def create_empty_schema(schema: str) -> None:
    """Create a schema and its role with default grants; fails if it exists."""
    with use_scope(PUBLIC), transaction.atomic(using=OWNER_ALIAS):
        create_role(schema)
        run_as_owner("CREATE SCHEMA {}", schema)
        grant_table_access(schema, schema)


def drop_schema(schema: str) -> None:
    """Drop a schema with its contents, and its role."""
    with use_scope(PUBLIC), transaction.atomic(using=OWNER_ALIAS):
        run_as_owner("DROP SCHEMA IF EXISTS {} CASCADE", schema)
        run_as_owner("DROP ROLE IF EXISTS {}", schema)
