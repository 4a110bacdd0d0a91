"""Migration of many tenant schemas, which reuses the work done for the first one.

Schemas with the same applied migrations lack the same ones. For each such set a process reads the
migration graph and builds the models' state once. If the SQL is the same for every schema too
(sql_recorder.py), it is recorded in the first schema and sent to the others as one script. A script
that fails is rolled back, and the schema is migrated by Django's operations, which inspect the
database.
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

# Pending deferred checks would block the next migration from altering their tables.
CHECK_CONSTRAINTS_NOW = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


class SchemaMigrator:
    """Migrates schemas on this thread's owner connection."""

    def __init__(self, report: ProgressCallback = lambda _: None) -> None:
        self._report = report
        self._paths: dict[AppliedMigrations, _MigrationPath] = {}

    def migrate(self, schema: str) -> tuple[MigrationKey, ...]:
        """Apply the missing migrations to ``schema`` and return their keys.

        All run in one transaction, except for migrations that are not atomic: each of these runs
        outside of it. Waits while another process migrates this schema.

        Raises: SchemaMissing, DatabaseError.
        """
        with use_scope(schema_scope(schema)), schema_lock(schema):
            before = applied_migrations(schema)
            path = self._paths.get(before)
            if path is None:
                path = self._paths[before] = _MigrationPath(before)
            return path.apply(schema, self._report)


class _MigrationPath:
    """The migrations from one set of applied ones to the current code, for all schemas with it."""

    def __init__(self, before: AppliedMigrations) -> None:
        self._before = before
        connection = owner_connection()
        self._executor = MigrationExecutor(connection)
        self._executor.loader.check_consistent_history(connection)
        targets = leaf_migrations(self._executor.loader.graph, settings.TENANT_APPS)
        self._plan = [migration for migration, _ in self._executor.migration_plan(targets)]
        self._state: ProjectState | None = None
        self._script: str | None = None
        self._added: tuple[MigrationKey, ...] = ()
        self._is_recordable = before is not None and all(map(_is_schema_independent, self._plan))

    def apply(self, schema: str, report: ProgressCallback) -> tuple[MigrationKey, ...]:
        """Apply the plan to ``schema`` and return the keys of the migrations that were added."""
        for migration in self._plan:
            report(str(migration))
        if self._script is not None and _run_script(self._script):
            return self._added
        recorder = SqlRecorder()
        self._run(schema, recorder)
        after = applied_migrations(schema) or frozenset()
        added = tuple(sorted(after - (self._before or frozenset())))
        if self._is_recordable and recorder.is_complete and not recorder.mentions(schema):
            self._added, self._script = added, _script_of(recorder, added)
        return added

    def _run(self, schema: str, recorder: SqlRecorder) -> None:
        groups = [list(group) for _, group in groupby(self._plan, lambda m: m.atomic)] or [[]]
        state = self._starting_state()
        for group in groups:
            with _transaction(atomic=not group or group[0].atomic):
                if self._before is None:
                    MigrationRecorder(owner_connection()).ensure_schema()
                for migration in group:
                    state = self._apply(migration, state, schema, recorder)
                if group is groups[-1]:
                    self._executor.check_replacements()
                    make_history_read_only(schema, schema)

    def _starting_state(self) -> ProjectState:
        """Return the models' state before the plan; it is rendered once and cloned per use."""
        if self._state is None:
            # As MigrationExecutor.migrate() does first.
            state = self._executor._create_project_state(  # type: ignore[attr-defined]
                with_applied_migrations=True
            )
            self._state = state
            _ = self._state.apps  # renders them
        return self._state.clone()

    def _apply(
        self, migration: Migration, state: ProjectState, schema: str, recorder: SqlRecorder
    ) -> ProjectState:
        connection = owner_connection()
        if not migration.atomic:
            drop_invalid_indexes(migration, schema)
        with (
            connection.execute_wrapper(recorder),
            connection.schema_editor(atomic=migration.atomic) as editor,
        ):
            recorder.follow(editor)
            state = migration.apply(state, editor)
        self._executor.record_migration(migration)  # type: ignore[call-arg, arg-type]
        if migration.atomic:
            with connection.cursor() as cursor:
                cursor.execute(CHECK_CONSTRAINTS_NOW)
            recorder.statements.append(CHECK_CONSTRAINTS_NOW)
        return state


@contextmanager
def _transaction(*, atomic: bool) -> Iterator[None]:
    with transaction.atomic(using=OWNER_ALIAS) if atomic else nullcontext():
        yield


def _is_schema_independent(migration: Migration) -> bool:
    return bool(migration.atomic) and all(map(is_schema_independent, migration.operations))


def _script_of(recorder: SqlRecorder, added: tuple[MigrationKey, ...]) -> str | None:
    """Return the recorded SQL with the insert into django_migrations as one script."""
    if not added:
        return None
    rows = sql.SQL(", ").join(sql.SQL("({}, {}, now())").format(*key) for key in added)
    record = sql.SQL("INSERT INTO django_migrations (app, name, applied) VALUES {}").format(rows)
    # With newlines, because a statement may end in a comment.
    return ";\n".join([*recorder.statements, record.as_string()])


def _run_script(script: str) -> bool:
    """Run the script in a transaction; return False if it fails in this schema."""
    try:
        with transaction.atomic(using=OWNER_ALIAS), owner_connection().cursor() as cursor:
            cursor.execute(script)
    except DatabaseError as exc:
        if classify_error(exc) is not DatabaseErrorKind.OTHER:
            raise
        return False
    return True
