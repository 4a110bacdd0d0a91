"""Which tenant schemas are behind: asked in bulk, so that nothing to do costs next to nothing."""

from collections.abc import Iterator

from psycopg import sql

from core.database.scope import PUBLIC, enter
from tenants.database.migrating import tenant_steps
from tenants.database.owner import owner_connection

SCHEMAS_PER_QUERY = 200


def behind(schemas: list[str]) -> list[str]:
    """Return those of ``schemas`` that lack a migration of this code, in the given order."""
    wanted = {f"{app}.{name}" for app, name in tenant_steps()}
    found: list[str] = []
    for start in range(0, len(schemas), SCHEMAS_PER_QUERY):
        applied = dict(_applied(schemas[start : start + SCHEMAS_PER_QUERY]))
        batch = schemas[start : start + SCHEMAS_PER_QUERY]
        found += [schema for schema in batch if not wanted <= applied.get(schema, set())]
    return found


def _applied(schemas: list[str]) -> Iterator[tuple[str, set[str]]]:
    part = sql.SQL(
        "SELECT {name}, coalesce(array_agg(app || '.' || name), '{{}}') "
        "FROM {schema}.django_migrations"
    )
    union = sql.SQL(" UNION ALL ").join(
        part.format(name=sql.Literal(schema), schema=sql.Identifier(schema)) for schema in schemas
    )
    with enter(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(union)
        for schema, steps in cursor.fetchall():
            yield schema, set(steps)
