"""Reads a schema in one snapshot, as text that every version of PostgreSQL reads.

Locks are released after each table: rolling back to a savepoint releases the locks taken since
(PostgreSQL, "Explicit Locking"), and the snapshot stays. So a tenant with thousands of tables needs
no more locks than one with a few.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from operations.errors import ArchiveError
from operations.owner_session import OwnerSession, owner_session
from tenants.schemas.schema_state import MigrationKey

SEQUENCE_BATCH_SIZE = 100

TABLES_QUERY = """
SELECT c.relname::text,
       array_agg(a.attname::text ORDER BY a.attnum),
       coalesce((SELECT array_agg(k.attname::text
                                  ORDER BY array_position(i.indkey::int2[], k.attnum))
                 FROM pg_index i JOIN pg_attribute k
                   ON k.attrelid = i.indrelid AND k.attnum = ANY(i.indkey::int2[])
                 WHERE i.indrelid = c.oid AND i.indisprimary), '{}')
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                   AND a.attgenerated = ''
WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p')
GROUP BY c.oid, c.relname ORDER BY c.relname COLLATE "C"
"""
SEQUENCES_QUERY = """
SELECT relname::text FROM pg_class
WHERE relnamespace = to_regnamespace(%s) AND relkind = 'S' ORDER BY relname COLLATE "C"
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name, its columns in order, and those of its primary key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableDigest:
    """Content of a table: number of rows, and size and SHA-256 of its text."""

    rows: int
    size: int
    sha256: str


class Snapshot:
    """A schema in one REPEATABLE READ, READ ONLY transaction."""

    def __init__(self, session: OwnerSession, schema: str) -> None:
        self.session, self.schema = session, schema

    def tables(self) -> list[Table]:
        """Return the schema's tables, sorted by name."""
        return list_tables(self.session, self.schema)

    def text(self, table: Table, select: sql.Composable | None = None) -> Iterator[bytes]:
        """Yield a table's rows in the order of their key, in COPY's format.

        ``select`` replaces the query, for example to mask rows.
        """
        query = select or self.select(table)
        with self._releasing_locks(), self.session.cursor().copy(_copy_statement(query)) as copy:
            for chunk in copy:
                yield bytes(chunk)

    def select(self, table: Table) -> sql.Composed:
        """Return the query for all rows of a table."""
        return sql.SQL("SELECT {} FROM {} {}").format(
            sql.SQL(", ").join(map(sql.Identifier, table.columns)),
            sql.Identifier(self.schema, table.name),
            order_by(table),
        )

    def migrations(self) -> list[MigrationKey]:
        """Return the schema's migrations, sorted. Raises: ArchiveError without a record."""
        return migration_history(self.session, self.schema)

    def sequences(self) -> dict[str, tuple[int, bool]]:
        """Return the last value of each sequence and whether it was used."""
        names = [name for (name,) in self.session.execute(SEQUENCES_QUERY, [self.schema])]
        one = sql.SQL("SELECT {}, last_value, is_called FROM {}")
        found: dict[str, tuple[int, bool]] = {}
        for start in range(0, len(names), SEQUENCE_BATCH_SIZE):
            parts = [
                one.format(sql.Literal(name), sql.Identifier(self.schema, name))
                for name in names[start : start + SEQUENCE_BATCH_SIZE]
            ]
            with self._releasing_locks():
                rows = self.session.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall()
            found |= {name: (int(last), bool(called)) for name, last, called in rows}
        return found

    @contextmanager
    def _releasing_locks(self) -> Iterator[None]:
        self.session.execute("SAVEPOINT brief")
        yield
        self.session.execute("ROLLBACK TO SAVEPOINT brief; RELEASE SAVEPOINT brief")


@contextmanager
def open_snapshot(schema: str) -> Iterator[Snapshot]:
    """Run the block with a schema as it is now, while other sessions change it.

    A migration that rewrites a table is visible through an older snapshot (PostgreSQL, "Caveats" of
    concurrency control). So the migrations are compared at the end.

    Raises: ArchiveError if the tenant was migrated.
    """
    with owner_session() as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        before = migration_history(session, schema)
        yield Snapshot(session, schema)
        session.execute("COMMIT")
        if migration_history(session, schema) != before:
            raise ArchiveError("The tenant was migrated meanwhile; start again.")


def list_tables(session: OwnerSession, schema: str) -> list[Table]:
    """Return the tables of a schema, sorted by name."""
    rows = session.execute(TABLES_QUERY, [schema]).fetchall()
    return [Table(name, tuple(columns), tuple(key)) for name, columns, key in rows]


def digest_rows(text: Iterator[bytes]) -> TableDigest:
    """Read a table's text to its end; return its digest. A row is one line."""
    digest, rows, size = hashlib.sha256(), 0, 0
    for chunk in text:
        digest.update(chunk)
        rows += chunk.count(b"\n")
        size += len(chunk)
    return TableDigest(rows, size, digest.hexdigest())


def order_by(table: Table) -> sql.Composable:
    """Return the ORDER BY that gives the same rows the same text."""
    names = table.key or table.columns
    return sql.SQL("ORDER BY {}").format(sql.SQL(", ").join(map(sql.Identifier, names)))


def _copy_statement(query: sql.Composable) -> sql.Composed:
    return sql.SQL("COPY ({}) TO STDOUT").format(query)


def migration_history(session: OwnerSession, schema: str) -> list[MigrationKey]:
    """Return a schema's migrations, sorted. Raises: ArchiveError without a record."""
    there = session.execute("SELECT to_regclass(%s)", [f"{schema}.django_migrations"]).fetchone()
    if not there or there[0] is None:
        raise ArchiveError(f"Schema {schema} has no record of migrations.")
    table = sql.Identifier(schema, "django_migrations")
    rows = session.execute(sql.SQL("SELECT app, name FROM {}").format(table)).fetchall()
    return sorted((str(app), str(name)) for app, name in rows)
