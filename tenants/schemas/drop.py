"""Dropping a schema of any size within PostgreSQL's default number of locks.

A transaction holds a lock for each table, index and sequence that it drops. The server has
``max_locks_per_transaction`` (64) times ``max_connections`` of them, and ``DROP SCHEMA … CASCADE``
needs one for every object. Here foreign keys are dropped first, then tables, each batch in its own
transaction. It can be interrupted and repeated.
"""

from collections.abc import Iterable

from django.db import transaction
from psycopg import sql

from core.db_backend.scope import PUBLIC, use_scope
from tenants.schemas.owner import OWNER_ALIAS, drop_schema, owner_connection

BATCH_SIZE = 50
FOREIGN_KEYS_QUERY = """
SELECT r.relname, c.conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
WHERE c.connamespace = to_regnamespace(%s) AND c.contype = 'f' AND c.conparentid = 0 LIMIT %s
"""
# Views before their tables. A sequence that a column owns is dropped with its table.
RELATIONS_QUERY = """
SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                      WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.relname
FROM pg_class c
WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('v', 'm', 'r', 'p', 'S')
  AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND c.relkind = 'S' AND d.deptype IN ('a', 'i'))
ORDER BY c.relkind NOT IN ('v', 'm'), c.oid LIMIT %s
"""


def drop_schema_in_batches(schema: str) -> None:
    """Drop a schema with its contents, and its role. A missing schema is no error.

    Raises: CommandError without the owner's login.
    """
    while foreign_keys := _next_batch(FOREIGN_KEYS_QUERY, schema):
        _run_in_transaction(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}").format(
                sql.Identifier(schema, table), sql.Identifier(name)
            )
            for table, name in foreign_keys
        )
    while relations := _next_batch(RELATIONS_QUERY, schema):
        _run_in_transaction(
            sql.SQL("DROP {} IF EXISTS {} CASCADE").format(
                sql.SQL(kind), sql.Identifier(schema, name)
            )
            for kind, name in relations
        )
    drop_schema(schema)


def _next_batch(query: str, schema: str) -> list[tuple[str, str]]:
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(query, [schema, BATCH_SIZE])
        return list(cursor.fetchall())


def _run_in_transaction(statements: Iterable[sql.Composed]) -> None:
    with (
        use_scope(PUBLIC),
        transaction.atomic(using=OWNER_ALIAS),
        owner_connection().cursor() as cursor,
    ):
        cursor.execute(sql.SQL("; ").join(statements))
