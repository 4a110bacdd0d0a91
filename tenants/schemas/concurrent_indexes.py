"""Concurrent index builds: clean-up after a failed build, and blocking builds in new schemas."""

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
    """Build indexes with a lock in the block, for a schema that is not in use yet.

    A concurrent build waits for every transaction that has a snapshot. The process that copies a
    tenant keeps one open, so a concurrent build would wait for its own process.
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
    """Drop the invalid indexes that a failed ``migration`` left in ``schema``, before a retry.

    PostgreSQL keeps an index whose concurrent build failed ("invalid index"), and its name.
    """
    names = [op.index.name for op in migration.operations if isinstance(op, AddIndexConcurrently)]
    with owner_connection().cursor() as cursor:
        cursor.execute(INVALID_INDEXES_QUERY, [schema, names])
        for (name,) in cursor.fetchall():
            drop = sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name))
            cursor.execute(drop)
