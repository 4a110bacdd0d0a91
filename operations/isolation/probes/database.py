"""Database probes: SQL statements on the other tenant's tables."""

from collections.abc import Iterator
from typing import NoReturn

from django.db import DatabaseError, connection, transaction
from psycopg import errors, sql

from operations.isolation.report import AttemptResult
from tenants.context import TenantRef, tenant_context

PERMISSION_DENIED = "permission denied"
# Every statement is rolled back, even if it succeeds.
TABLE_STATEMENTS = {
    "SELECT": "SELECT * FROM {table} LIMIT 1",
    "INSERT": "INSERT INTO {table} DEFAULT VALUES",
    "DELETE": "DELETE FROM {table}",
    "TRUNCATE": "TRUNCATE {table} CASCADE",
    "LOCK": "LOCK TABLE {table}",
    "ALTER": "ALTER TABLE {table} RENAME TO taken",
    "DROP": "DROP TABLE {table} CASCADE",
    "SELECT, search path set": "SET LOCAL search_path TO {schema}; SELECT * FROM {name} LIMIT 1",
    "SELECT, search path added": (
        "SELECT set_config('search_path', {path}, true); SELECT * FROM {name} LIMIT 1"
    ),
}
SCHEMA_STATEMENTS = {
    "CREATE TABLE": "CREATE TABLE {schema}.planted (id int)",
    "DROP SCHEMA": "DROP SCHEMA {schema} CASCADE",
    "GRANT": "GRANT USAGE ON SCHEMA {schema} TO PUBLIC",
}
PLATFORM_TABLES = ("tenants_tenant", "tenants_domain", "staff_staffuser", "audit_auditevent")


class _NotRefusedError(Exception):
    """Rolls back a statement that was not refused; the argument is its number of rows."""


def _roll_back(rows: int) -> NoReturn:
    raise _NotRefusedError(rows)


def probe_database(
    attacker: TenantRef, victim: TenantRef, tables: list[str]
) -> Iterator[AttemptResult]:
    """Try every statement on every table, in the attacker's scope and in no tenant's."""
    for table in tables:
        with tenant_context(attacker):  # left before the rows are yielded
            found = list(_probe_table("attacker's scope", victim.schema_name, table))
        yield from found
        yield from _probe_table("no tenant's scope", victim.schema_name, table)
    with tenant_context(attacker):
        found = [*_probe_schema("attacker's scope", victim.schema_name), *_probe_platform()]
    yield from found
    yield from _probe_schema("no tenant's scope", victim.schema_name)


def _probe_platform() -> Iterator[AttemptResult]:
    for table in PLATFORM_TABLES:
        where = sql.Identifier("public", table)
        query = sql.SQL("SELECT * FROM {} LIMIT 1").format(where)
        yield _probe_statement("attacker's scope", f"public.{table}", "SELECT", query)


def _probe_table(credential: str, schema: str, table: str) -> Iterator[AttemptResult]:
    for action, text in TABLE_STATEMENTS.items():
        query = sql.SQL(text).format(
            table=sql.Identifier(schema, table),
            schema=sql.Identifier(schema),
            name=sql.Identifier(table),
            path=sql.Literal(schema),
        )
        # Without a right to the schema in its search path PostgreSQL finds no table.
        yield _probe_statement(credential, table, action, query, or_missing="search path" in action)


def _probe_schema(credential: str, schema: str) -> Iterator[AttemptResult]:
    for action, text in SCHEMA_STATEMENTS.items():
        query = sql.SQL(text).format(schema=sql.Identifier(schema))
        yield _probe_statement(credential, "the schema", action, query)


def _probe_statement(
    credential: str, target: str, action: str, query: sql.Composable, *, or_missing: bool = False
) -> AttemptResult:
    outcome = _execute(query)
    fine = {PERMISSION_DENIED, "no such table"} if or_missing else {PERMISSION_DENIED}
    crossing = "" if outcome in fine else f"{action} was not refused: {outcome}"
    return AttemptResult("database", target, action, credential, "their table", outcome, crossing)


def _execute(query: sql.Composable) -> str:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(query)
            _roll_back(cursor.rowcount)
    except _NotRefusedError as undone:
        return f"went through, {max(undone.args[0], 0)} rows"
    except DatabaseError as exc:
        cause = exc.__cause__
        if isinstance(cause, errors.InsufficientPrivilege):
            return PERMISSION_DENIED
        missing = isinstance(cause, errors.UndefinedTable)
        return "no such table" if missing else str(exc).splitlines()[0]
