"""Which tenant schemas are behind: asked in bulk, so that nothing to do costs next to nothing."""

from psycopg import sql

from core.database.scope import PUBLIC, enter
from tenants.database.migrating import tenant_steps
from tenants.database.owner import owner_connection

SCHEMAS_PER_QUERY = 200


def behind(schemas: list[str]) -> list[str]:
    """Return those of ``schemas`` that lack a migration of this code, in the given order.

    A schema without a history, or that is not there at all, is behind.
    """
    wanted = {f"{app}.{name}" for app, name in tenant_steps()}
    found: list[str] = []
    for start in range(0, len(schemas), SCHEMAS_PER_QUERY):
        batch = schemas[start : start + SCHEMAS_PER_QUERY]
        applied = _applied(with_history(batch))
        found += [schema for schema in batch if not wanted <= applied.get(schema, set())]
    return found


def with_history(schemas: list[str]) -> list[str]:
    """Return those of ``schemas`` that have a record of migrations."""
    with enter(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(
            "SELECT schemaname FROM pg_tables "
            "WHERE tablename = 'django_migrations' AND schemaname = ANY(%s)",
            [schemas],
        )
        return [schema for (schema,) in cursor.fetchall()]


def _applied(schemas: list[str]) -> dict[str, set[str]]:
    if not schemas:
        return {}
    part = sql.SQL(
        "SELECT {name}, coalesce(array_agg(app || '.' || name), '{{}}') "
        "FROM {schema}.django_migrations"
    )
    union = sql.SQL(" UNION ALL ").join(
        part.format(name=sql.Literal(schema), schema=sql.Identifier(schema)) for schema in schemas
    )
    with enter(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(union)
        return {schema: set(steps) for schema, steps in cursor.fetchall()}
