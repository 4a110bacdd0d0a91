"""Bringing tenants' schemas up to date one after the other, with what was learned from the first.

Schemas that hold the same migrations lack the same ones. For each such set the graph is read and
the models' state built once in a process. If the SQL can be the same too (taping.py), it is taken
down in the first schema and sent to the others as one text. A text that fails is rolled back and
the schema is migrated by Django's operations, which look before they act.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import groupby

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from psycopg import sql

from core.db_backend.scope import use_scope
from tenants.schemas.concurrent_indexes import drop_invalid_indexes
from tenants.schemas.errors import DatabaseErrorKind, classify_error
from tenants.schemas.owner import OWNER_ALIAS, make_history_read_only, owner_connection
from tenants.schemas.schema_state import (
    AppliedMigrations,
    MigrationKey,
    ProgressCallback,
    applied_migrations,
    leaf_migrations,
    schema_lock,
    schema_scope,
)
from tenants.schemas.sql_recorder import SqlRecorder, is_schema_independent

# Deferred checks that wait for the end would keep the next migration from altering their tables.
CHECK_CONSTRAINTS_NOW = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


class SchemaMigrator:
    """Brings schemas forward on this thread's owner connection."""

    def __init__(self, report: ProgressCallback = lambda _: None) -> None:
        self._report = report
        self._ways: dict[AppliedMigrations, _MigrationPath] = {}

    def bring_forward(self, schema: str) -> tuple[MigrationKey, ...]:
        """Run what ``schema`` lacks and return it; empty if it lacked nothing.

        One transaction, unless a migration is not atomic: that one stands alone between two.
        Waits for whoever else migrates this schema. Raises SchemaMissing and database errors.
        """
        with use_scope(schema_scope(schema)), schema_lock(schema):
            before = applied_migrations(schema)
            way = self._ways.get(before)
            if way is None:
                way = self._ways[before] = _MigrationPath(before)
            return way.go(schema, self._report)


class _MigrationPath:
    """From one set of migrations to what the code wants."""

    def __init__(self, before: AppliedMigrations) -> None:
        self._before = before
        connection = owner_connection()
        self._executor = MigrationExecutor(connection)
        self._executor.loader.check_consistent_history(connection)
        targets = leaf_migrations(self._executor.loader.graph, settings.TENANT_APPS)
        self._plan = [migration for migration, _ in self._executor.migration_plan(targets)]
        self._state: ProjectState | None = None
        self._text: str | None = None
        self._steps: tuple[MigrationKey, ...] = ()
        self._may_be_text = before is not None and all(map(_is_schema_independent, self._plan))

    def go(self, schema: str, report: ProgressCallback) -> tuple[MigrationKey, ...]:
        """Apply the plan to ``schema`` and return the steps that its history gained."""
        for migration in self._plan:
            report(str(migration))
        if self._text is not None and _run_script(self._text):
            return self._steps
        tape = SqlRecorder()
        self._run(schema, tape)
        after = applied_migrations(schema) or frozenset()
        steps = tuple(sorted(after - (self._before or frozenset())))
        if self._may_be_text and tape.faithful and not tape.mentions(schema):
            self._steps, self._text = steps, _script_of(tape, steps)
        return steps

    def _run(self, schema: str, tape: SqlRecorder) -> None:
        groups = [list(group) for _, group in groupby(self._plan, lambda m: m.atomic)] or [[]]
        state = self._starting_state()
        for group in groups:
            with _transaction(atomic=not group or group[0].atomic):
                if self._before is None:
                    MigrationRecorder(owner_connection()).ensure_schema()
                for migration in group:
                    state = self._apply(migration, state, schema, tape)
                if group is groups[-1]:
                    self._executor.check_replacements()
                    make_history_read_only(schema, schema)

    def _starting_state(self) -> ProjectState:
        """Return the models as they are before the plan, rendered once and copied for each use."""
        if self._state is None:
            # What MigrationExecutor.migrate() begins with.
            state = self._executor._create_project_state(  # type: ignore[attr-defined]
                with_applied_migrations=True
            )
            self._state = state
            _ = self._state.apps  # renders them
        return self._state.clone()

    def _apply(
        self, migration: Migration, state: ProjectState, schema: str, tape: SqlRecorder
    ) -> ProjectState:
        connection = owner_connection()
        if not migration.atomic:
            drop_invalid_indexes(migration, schema)
        with (
            connection.execute_wrapper(tape),
            connection.schema_editor(atomic=migration.atomic) as editor,
        ):
            tape.follow(editor)
            state = migration.apply(state, editor)
        self._executor.record_migration(migration)  # type: ignore[call-arg, arg-type]
        if migration.atomic:
            with connection.cursor() as cursor:
                cursor.execute(CHECK_CONSTRAINTS_NOW)
            tape.statements.append(CHECK_CONSTRAINTS_NOW)
        return state


@contextmanager
def _transaction(*, atomic: bool) -> Iterator[None]:
    with transaction.atomic(using=OWNER_ALIAS) if atomic else nullcontext():
        yield


def _is_schema_independent(migration: Migration) -> bool:
    return bool(migration.atomic) and all(map(is_schema_independent, migration.operations))


def _script_of(tape: SqlRecorder, steps: tuple[MigrationKey, ...]) -> str | None:
    """Return what the tape holds and the record of it, to be sent in one piece."""
    if not steps:
        return None
    rows = sql.SQL(", ").join(sql.SQL("({}, {}, now())").format(*step) for step in steps)
    record = sql.SQL("INSERT INTO django_migrations (app, name, applied) VALUES {}").format(rows)
    # A newline each, for a statement may end in a comment.
    return ";\n".join([*tape.statements, record.as_string()])


def _run_script(text: str) -> bool:
    """Send the text in a transaction; return False if this schema refuses it."""
    try:
        with transaction.atomic(using=OWNER_ALIAS), owner_connection().cursor() as cursor:
            cursor.execute(text)
    except DatabaseError as exc:
        if classify_error(exc) is not DatabaseErrorKind.OTHER:
            raise
        return False
    return True
