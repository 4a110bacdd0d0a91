"""What a schema holds already, and being alone with it while that changes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError

from tenants.schemas.owner import owner_connection
from tenants.schemas.schema_state import MigrationKey

# The migrations that a schema's history names; None where there is no history.
AppliedMigrations = frozenset[MigrationKey] | None
SCHEMA_LOCK = 0x41474753  # the first half of the advisory locks on single schemas
EXISTS_QUERY = "SELECT to_regnamespace(%s) IS NOT NULL, to_regclass(%s) IS NOT NULL"


class SchemaMissing(RuntimeError):  # noqa: N818 - reads as what it says
    """There is no such schema."""


def applied_migrations(schema: str) -> AppliedMigrations:
    """Return what ``schema``, whose scope is entered, holds. Raises SchemaMissing."""
    with owner_connection().cursor() as cursor:
        cursor.execute(EXISTS_QUERY, [schema, f"{schema}.django_migrations"])
        there, recorded = cursor.fetchone()
        if not there:
            raise SchemaMissing(f"There is no schema {schema}.")
        if not recorded:
            return None
        cursor.execute("SELECT app, name FROM django_migrations")
        return frozenset(cursor.fetchall())


@contextmanager
def schema_lock(schema: str) -> Iterator[None]:
    """Run the block while no other process is in one for ``schema``; waits for its turn.

    A worker whose run was killed finishes its tenant; the next run must not start in the middle.
    """
    with owner_connection().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [SCHEMA_LOCK, schema])
    try:
        yield
    finally:
        # If the connection is gone, so is the lock.
        with suppress(DatabaseError), owner_connection().cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [SCHEMA_LOCK, schema])
