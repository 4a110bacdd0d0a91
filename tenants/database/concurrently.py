"""Indexes that were being built without a lock when their build was cut off."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations import Migration
from psycopg import sql

from tenants.database.owner import owner_connection

INVALID = (
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "WHERE NOT i.indisvalid AND c.relnamespace = to_regnamespace(%s) AND c.relname = ANY(%s)"
)


def drop_unfinished(migration: Migration, schema: str) -> None:
    """Drop what a former try of ``migration`` left in ``schema``, so that it can be run again.

    PostgreSQL keeps the name of an index whose concurrent build failed ("invalid index").
    """
    names = [op.index.name for op in migration.operations if isinstance(op, AddIndexConcurrently)]
    with owner_connection().cursor() as cursor:
        cursor.execute(INVALID, [schema, names])
        for (name,) in cursor.fetchall():
            drop = sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name))
            cursor.execute(drop)
