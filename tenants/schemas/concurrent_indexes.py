"""Indexes that are built without a lock: what a cut-off build leaves, and where none is needed."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations import Migration
from psycopg import sql

from tenants.schemas.owner import owner_connection

INVALID_INDEXES_QUERY = (
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "WHERE NOT i.indisvalid AND c.relnamespace = to_regnamespace(%s) AND c.relname = ANY(%s)"
)

CONCURRENTLY = re.compile(r"^((?:CREATE(?: UNIQUE)?|DROP) INDEX) CONCURRENTLY\b")


@contextmanager
def blocking_index_builds() -> Iterator[None]:
    """Build indexes with a lock in the block, for a schema that nobody else has seen yet.

    A concurrent build waits for every transaction that has a snapshot. Whoever copies a tenant
    holds one open all the while, so it would wait for itself.
    """
    with owner_connection().execute_wrapper(_strip_concurrently):
        yield


def _strip_concurrently(
    execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if isinstance(statement, str):
        statement = CONCURRENTLY.sub(r"\1", statement)
    return execute(statement, params, many, context)


def drop_invalid_indexes(migration: Migration, schema: str) -> None:
    """Drop what a former try of ``migration`` left in ``schema``, so that it can be run again.

    PostgreSQL keeps the name of an index whose concurrent build failed ("invalid index").
    """
    names = [op.index.name for op in migration.operations if isinstance(op, AddIndexConcurrently)]
    with owner_connection().cursor() as cursor:
        cursor.execute(INVALID_INDEXES_QUERY, [schema, names])
        for (name,) in cursor.fetchall():
            drop = sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name))
            cursor.execute(drop)
