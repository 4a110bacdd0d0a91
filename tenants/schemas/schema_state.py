"""Which migrations a schema must have and has, the scope for work on it, and its lock."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader

from core.db_backend.scope import Scope
from tenants.schemas.owner import owner_connection

MigrationKey = tuple[str, str]
# The migrations in a schema's history; None if there is no history.
AppliedMigrations = frozenset[MigrationKey] | None
ProgressCallback = Callable[[str], None]
SCHEMA_LOCK = 0x41474753  # the first key of the advisory locks on single schemas
EXISTS_QUERY = "SELECT to_regnamespace(%s) IS NOT NULL, to_regclass(%s) IS NOT NULL"


class SchemaMissing(RuntimeError):  # noqa: N818 - as Django's DoesNotExist
    """The schema does not exist."""


def schema_scope(schema: str) -> Scope:
    """Return the scope for work on a schema's tables with the owner's own role."""
    return Scope(schema, role="none", tenant_id="")


@contextmanager
def schema_lock(schema: str) -> Iterator[None]:
    """Hold the advisory lock of ``schema`` during the block; waits for it.

    A worker whose run was killed finishes its current tenant; the next run must wait for it.
    """
    with owner_connection().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [SCHEMA_LOCK, schema])
    try:
        yield
    finally:
        # A lost connection has released the lock.
        with suppress(DatabaseError), owner_connection().cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [SCHEMA_LOCK, schema])


def applied_migrations(schema: str) -> AppliedMigrations:
    """Return the applied migrations of ``schema``, whose scope must be in use.

    Raises: SchemaMissing.
    """
    with owner_connection().cursor() as cursor:
        cursor.execute(EXISTS_QUERY, [schema, f"{schema}.django_migrations"])
        exists, has_history = cursor.fetchone()
        if not exists:
            raise SchemaMissing(f"There is no schema {schema}.")
        if not has_history:
            return None
        cursor.execute("SELECT app, name FROM django_migrations")
        return frozenset(cursor.fetchall())


@lru_cache(maxsize=1)
def tenant_migrations() -> tuple[MigrationKey, ...]:
    """Return every migration that a tenant's schema must have, sorted."""
    graph = MigrationLoader(None).graph
    labels = app_labels(settings.TENANT_APPS)
    return tuple(sorted(key for key in graph.nodes if key[0] in labels))


def migrations_digest(keys: tuple[MigrationKey, ...]) -> str:
    """Return the SHA-256 of a set of migrations."""
    text = "\n".join(f"{app}.{name}" for app, name in sorted(keys))
    return hashlib.sha256(text.encode()).hexdigest()


def app_labels(app_names: list[str]) -> set[str]:
    """Return the app labels of a list of app names."""
    return {config.label for config in apps.get_app_configs() if config.name in app_names}


def leaf_migrations(graph: MigrationGraph, app_names: list[str]) -> list[MigrationKey]:
    """Return the leaf nodes of these apps: the migrations that no other one depends on."""
    labels = app_labels(app_names)
    return [node for node in graph.leaf_nodes() if node[0] in labels]


def executor_progress(report: ProgressCallback) -> Callable[..., None]:
    """Return a progress callback for MigrationExecutor that reports each started migration."""

    def progress(action: str, migration: Any = None, fake: bool = False) -> None:
        if action == "apply_start":
            report(str(migration))

    return progress
