"""Detection of outdated tenants with bulk queries, so that a run without work is cheap."""

from contextlib import suppress
from typing import Any

from django.db import ProgrammingError
from psycopg import sql

from core.db_backend.scope import PUBLIC, use_scope
from tenants.fleet.members import Member, list_members
from tenants.models import Tenant
from tenants.schemas.owner import owner_connection
from tenants.schemas.schema_state import MigrationKey, tenant_migrations

SCHEMAS_PER_QUERY = 200
MAX_TRIES = 5


def migratable_members(slugs: list[str] | None) -> list[Member]:
    """Return the tenants that can be migrated: all but those whose schema a deletion dropped."""
    members = list_members(slugs)
    existing = set(schemas_with_history([member.schema for member in members]))
    return [m for m in members if m.schema in existing or m.status != Tenant.Status.DELETING]


def outdated_members(members: list[Member]) -> list[Member]:
    """Return those that lack a migration, failed ones last, so that no canary is a failed one."""
    outdated = set(outdated_schemas([member.schema for member in members]))
    ordered = sorted(members, key=lambda member: member.migration_failed)
    return [member for member in ordered if member.schema in outdated]


def outdated_schemas(schemas: list[str]) -> list[str]:
    """Return those of ``schemas`` that lack a migration of this code, in the given order.

    A schema without a migration history is outdated, and so is a missing one. PostgreSQL counts the
    migrations, so the query returns one number per schema.
    """
    wanted = [f"{app}.{name}" for app, name in tenant_migrations()]
    outdated: set[str] = set()
    for batch in _batches(schemas):
        applied = _count_applied(batch, wanted)
        outdated.update(schema for schema in batch if applied.get(schema) != len(wanted))
    return [schema for schema in schemas if schema in outdated]


def missing_migrations(schemas: list[str]) -> dict[str, tuple[MigrationKey, ...]]:
    """Return the missing migrations of each schema, sorted; all of them without a history."""
    wanted = tenant_migrations()
    missing = {}
    for batch in _batches(schemas):
        applied = _applied_migrations(batch)
        for schema in batch:
            missing[schema] = tuple(key for key in wanted if key not in applied.get(schema, ()))
    return missing


def schemas_with_history(schemas: list[str]) -> list[str]:
    """Return those of ``schemas`` that have a migration history."""
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
        "WHERE app || '.' || name = ANY(wanted.keys)"
    )
    head = sql.SQL("WITH wanted AS (SELECT {}::text[] AS keys) ").format(sql.Literal(wanted))
    return dict(_union(head, part, schemas))


def _applied_migrations(schemas: list[str]) -> dict[str, set[MigrationKey]]:
    part = sql.SQL("SELECT {name}, app, name FROM {schema}.django_migrations")
    applied: dict[str, set[MigrationKey]] = {}
    for schema, app, name in _union(sql.SQL(""), part, schemas):
        applied.setdefault(schema, set()).add((app, name))
    return applied


def _union(head: sql.Composable, part: sql.SQL, batch: list[str]) -> list[Any]:
    """Return the rows of ``part`` for those of ``batch`` that have a history.

    A tenant may be purged between the two queries; both are then repeated.
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
