"""Loads rows into a tenant's schema, completely or not at all.

A temporary schema gets the tables in the source's migration state, then the rows, then the
migrations that the source lacks. Two renames in one transaction put it in the place of the tenant's
schema. Until the commit the tenant's own tables are untouched. The next run drops what an
interrupted run left.
"""

import hashlib
from collections.abc import Iterator

import psycopg
from django.db import transaction
from psycopg import sql

from core.db_backend.scope import PUBLIC, use_scope
from operations.archives.migration_state import (
    apply_missing_migrations,
    create_schema,
    migration_graph,
)
from operations.archives.row_sources import RowSource, SourceTable
from operations.archives.snapshot import SEQUENCES_QUERY, list_tables, migration_history
from operations.errors import IncompatibleError
from operations.owner_session import OwnerSession, owner_session
from tenants.schemas.drop import drop_schema_in_batches
from tenants.schemas.owner import (
    OWNER_ALIAS,
    create_role,
    owner_connection,
    run_as_owner,
    runtime_login,
)
from tenants.schemas.schema_state import ProgressCallback, schema_lock


def validate_source(source: RowSource, name: str) -> None:
    """Raise IncompatibleError unless the source's tables are those that its migrations make.

    A trial schema without rows is created and dropped. ``name`` identifies it, so that two sources
    can be validated at the same time.
    """
    graph, steps = migration_graph(source.steps), source.steps
    trial = _temporary_schema(name, "trial")
    drop_schema_in_batches(trial)
    try:
        create_schema(
            trial, role=runtime_login(), graph=graph, steps=steps, report=lambda line: None
        )
        with owner_session() as session:
            _validate_tables(session, trial, source)
    finally:
        drop_schema_in_batches(trial)


def replace_schema(schema: str, source: RowSource, report: ProgressCallback) -> int:
    """Replace the content of a tenant's schema; return the number of migrations the source lacked.

    The tenant is unchanged after an error.

    Raises: IncompatibleError for tables that differ from their migrations or rows that break a
    constraint; DamagedArchiveError from the source.
    """
    graph = migration_graph(source.steps)
    temporary, former = _temporary_schema(schema, "filling"), _temporary_schema(schema, "former")
    drop_temporary_schemas(schema)
    _ensure_role(schema)
    create_schema(temporary, role=schema, graph=graph, steps=source.steps, report=report)
    _load_rows(temporary, source)
    count = apply_missing_migrations(temporary, role=schema, graph=graph, report=report)
    with use_scope(PUBLIC), schema_lock(schema):  # waits for a migration of the old schema
        _swap_schemas(schema, temporary, former)
    drop_schema_in_batches(former)
    return count


def drop_temporary_schemas(schema: str) -> None:
    """Drop the schemas that an interrupted run left.

    They hold rows of the tenant too, and its role cannot be dropped while they exist.
    """
    for purpose in ("filling", "former"):
        drop_schema_in_batches(_temporary_schema(schema, purpose))


def _temporary_schema(schema: str, purpose: str) -> str:
    return f"t_{hashlib.sha256(f'{purpose}:{schema}'.encode()).hexdigest()[:32]}"


def _load_rows(schema: str, source: RowSource) -> None:
    with owner_session() as session:
        try:
            session.execute("BEGIN")
            _validate_tables(session, schema, source)
            _truncate_tables(session, schema, source.parts)
            for part in source.parts:
                _copy_table(session, schema, part, source.text(part))
            _set_sequences(session, schema, source.sequences)
            session.execute("SET CONSTRAINTS ALL IMMEDIATE")
            if migration_history(session, schema) != sorted(source.steps):
                raise IncompatibleError(
                    "The rows say that other migrations were run than the archive does."
                )
            session.execute("COMMIT")
        except (psycopg.DataError, psycopg.IntegrityError) as exc:
            raise IncompatibleError(
                f"PostgreSQL refuses the rows: {str(exc).splitlines()[0]}"
            ) from exc


def _validate_tables(session: OwnerSession, schema: str, source: RowSource) -> None:
    existing = {table.name: sorted(table.columns) for table in list_tables(session, schema)}
    given = {part.name: sorted(part.columns) for part in source.parts}
    if existing != given:
        wrong = sorted(name for name in existing | given if existing.get(name) != given.get(name))
        raise IncompatibleError(
            f"These tables are not as their migrations make them: {', '.join(wrong)}."
        )
    sequences = {name for (name,) in session.execute(SEQUENCES_QUERY, [schema]).fetchall()}
    if sequences != set(source.sequences):
        raise IncompatibleError("The sequences are not those that the migrations make.")


def _truncate_tables(session: OwnerSession, schema: str, parts: list[SourceTable]) -> None:
    """Remove rows that migrations inserted: the source's rows include them."""
    names = sql.SQL(", ").join(sql.Identifier(schema, part.name) for part in parts)
    session.execute(sql.SQL("TRUNCATE {}").format(names))


def _copy_table(
    session: OwnerSession, schema: str, part: SourceTable, text: Iterator[bytes]
) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(schema, part.name),
        sql.SQL(", ").join(map(sql.Identifier, part.columns)),
    )
    cursor = session.cursor()
    with cursor.copy(statement) as copy:
        for chunk in text:
            copy.write(chunk)
    if part.rows is not None and cursor.rowcount != part.rows:
        raise IncompatibleError(
            f"{part.name} has {cursor.rowcount} rows and should have {part.rows}."
        )


def _set_sequences(
    session: OwnerSession, schema: str, sequences: dict[str, tuple[int, bool]]
) -> None:
    for name, (last, is_called) in sequences.items():
        where = sql.Identifier(schema, name).as_string(session)
        session.execute("SELECT setval(%s::regclass, %s, %s)", [where, last, is_called])


def _ensure_role(role: str) -> None:
    """Create the tenant's role if it was lost with the schema."""
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is not None:
            return
    with use_scope(PUBLIC), transaction.atomic(using=OWNER_ALIAS):
        create_role(role)


def _swap_schemas(schema: str, temporary: str, former: str) -> None:
    with (
        use_scope(PUBLIC),
        transaction.atomic(using=OWNER_ALIAS),
        owner_connection().cursor() as cursor,
    ):
        cursor.execute("SELECT FROM pg_namespace WHERE nspname = %s", [schema])
        if cursor.fetchone() is not None:
            run_as_owner("ALTER SCHEMA {} RENAME TO {}", schema, former)
        run_as_owner("ALTER SCHEMA {} RENAME TO {}", temporary, schema)
