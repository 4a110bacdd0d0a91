"""Which tenant schemas are behind: asked in bulk, so that nothing to do costs next to nothing."""

from contextlib import suppress
from typing import Any

from django.db import ProgrammingError
from psycopg import sql

from core.db_backend.scope import PUBLIC, use_scope
from tenants.schemas.owner import owner_connection
from tenants.schemas.schema_state import MigrationKey, tenant_migrations

SCHEMAS_PER_QUERY = 200
MAX_TRIES = 5


def outdated_schemas(schemas: list[str]) -> list[str]:
    """Return those of ``schemas`` that lack a migration of this code, in the given order.

    A schema without a history, or that is not there at all, is behind. PostgreSQL counts; what
    comes over the wire is a number for each schema.
    """
    wanted = [f"{app}.{name}" for app, name in tenant_migrations()]
    late: set[str] = set()
    for batch in _batches(schemas):
        holds = _count_applied(batch, wanted)
        late.update(schema for schema in batch if holds.get(schema) != len(wanted))
    return [schema for schema in schemas if schema in late]


def missing_migrations(schemas: list[str]) -> dict[str, tuple[MigrationKey, ...]]:
    """Return what each of ``schemas`` lacks, sorted; everything if it has no history."""
    wanted = tenant_migrations()
    lacking = {}
    for batch in _batches(schemas):
        held = _applied_migrations(batch)
        for schema in batch:
            lacking[schema] = tuple(s for s in wanted if s not in held.get(schema, ()))
    return lacking


def schemas_with_history(schemas: list[str]) -> list[str]:
    """Return those of ``schemas`` that have a record of migrations."""
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(
            "SELECT schemaname FROM pg_tables "
            "WHERE tablename = 'django_migrations' AND schemaname = ANY(%s)",
            [schemas],
        )
        return [schema for (schema,) in cursor.fetchall()]


def _batches(schemas: list[str]) -> list[list[str]]:
    starts = range(0, len(schemas), SCHEMAS_PER_QUERY)
    return [schemas[start : start + SCHEMAS_PER_QUERY] for start in starts]


def _count_applied(schemas: list[str], wanted: list[str]) -> dict[str, int]:
    part = sql.SQL(
        "SELECT {name}, count(DISTINCT (app, name)) FROM {schema}.django_migrations, wanted "
        "WHERE app || '.' || name = ANY(wanted.steps)"
    )
    head = sql.SQL("WITH wanted AS (SELECT {}::text[] AS steps) ").format(sql.Literal(wanted))
    return dict(_union(head, part, schemas))


def _applied_migrations(schemas: list[str]) -> dict[str, set[MigrationKey]]:
    part = sql.SQL("SELECT {name}, app, name FROM {schema}.django_migrations")
    held: dict[str, set[MigrationKey]] = {}
    for schema, app, name in _union(sql.SQL(""), part, schemas):
        held.setdefault(schema, set()).add((app, name))
    return held


def _union(head: sql.Composable, part: sql.SQL, batch: list[str]) -> list[Any]:
    """Return the rows of ``part`` from those of ``batch`` that have a history.

    A tenant may be purged between the two questions; they are then asked again.
    """
    for _ in range(MAX_TRIES - 1):
        with suppress(ProgrammingError):
            return _run_union(head, part, schemas_with_history(batch))
    return _run_union(head, part, schemas_with_history(batch))


def _run_union(head: sql.Composable, part: sql.SQL, schemas: list[str]) -> list[Any]:
    if not schemas:
        return []
    parts = (part.format(name=sql.Literal(s), schema=sql.Identifier(s)) for s in schemas)
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(head + sql.SQL(" UNION ALL ").join(parts))
        return list(cursor.fetchall())
