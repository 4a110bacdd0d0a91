"""Dropping a schema of any size with PostgreSQL's default number of locks.

A transaction holds a lock for each table, index and sequence that it drops, and the table of locks
has room for ``max_locks_per_transaction`` (64) times ``max_connections``. ``DROP SCHEMA … CASCADE``
needs all of them at once; here references go first, then tables, some at a time, each in a
transaction of its own. It can be cut off and repeated.
"""

from collections.abc import Iterable

from django.db import transaction
from psycopg import sql

from core.db_backend.scope import PUBLIC, enter
from tenants.schemas.migrate import drop_schema
from tenants.schemas.owner import ALIAS, owner_connection

AT_ONCE = 50
REFERENCES = """
SELECT r.relname, c.conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
WHERE c.connamespace = to_regnamespace(%s) AND c.contype = 'f' AND c.conparentid = 0 LIMIT %s
"""
# Views before what they show. A sequence that a column owns goes with its table.
RELATIONS = """
SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                      WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.relname
FROM pg_class c
WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('v', 'm', 'r', 'p', 'S')
  AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND c.relkind = 'S' AND d.deptype IN ('a', 'i'))
ORDER BY c.relkind NOT IN ('v', 'm'), c.oid LIMIT %s
"""


def drop_in_batches(schema: str) -> None:
    """Drop a schema with all it holds, and its role; what is not there is no error.

    Raises CommandError without the owner's login.
    """
    while references := _found(REFERENCES, schema):
        _run_together(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}").format(
                sql.Identifier(schema, table), sql.Identifier(name)
            )
            for table, name in references
        )
    while relations := _found(RELATIONS, schema):
        _run_together(
            sql.SQL("DROP {} IF EXISTS {} CASCADE").format(
                sql.SQL(kind), sql.Identifier(schema, name)
            )
            for kind, name in relations
        )
    drop_schema(schema)


def _found(query: str, schema: str) -> list[tuple[str, str]]:
    with enter(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(query, [schema, AT_ONCE])
        return list(cursor.fetchall())


def _run_together(statements: Iterable[sql.Composed]) -> None:
    with (
        enter(PUBLIC),
        transaction.atomic(using=ALIAS),
        owner_connection().cursor() as cursor,
    ):
        cursor.execute(sql.SQL("; ").join(statements))
