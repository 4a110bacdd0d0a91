"""What a tenant's schema must hold, and the scope in which it is worked on."""

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


ProgressCallback = Callable[[str], None]


# The migrations that a schema's history names; None where there is no history.
AppliedMigrations = frozenset[MigrationKey] | None


SCHEMA_LOCK = 0x41474753  # the first half of the advisory locks on single schemas


EXISTS_QUERY = "SELECT to_regnamespace(%s) IS NOT NULL, to_regclass(%s) IS NOT NULL"


def executor_progress(report: ProgressCallback) -> Callable[..., None]:
    """Return what a MigrationExecutor calls at each step: ``report`` hears which one begins."""

    def show(action: str, migration: Any = None, fake: bool = False) -> None:
        if action == "apply_start":
            report(str(migration))

    return show


def schema_scope(schema: str) -> Scope:
    """Return the scope of work on a schema's tables; the owner keeps its own role in it."""
    return Scope(schema, role="none", tenant_id="")


def app_labels(app_names: list[str]) -> set[str]:
    """Return the app labels of a list of app names."""
    return {config.label for config in apps.get_app_configs() if config.name in app_names}


def leaf_migrations(graph: MigrationGraph, app_names: list[str]) -> list[MigrationKey]:
    """Return the migrations of these apps that no other builds on: the state of today."""
    labels = app_labels(app_names)
    return [node for node in graph.leaf_nodes() if node[0] in labels]


@lru_cache(maxsize=1)
def tenant_migrations() -> tuple[MigrationKey, ...]:
    """Return every migration that a tenant's schema must hold, sorted."""
    graph = MigrationLoader(None).graph
    labels = app_labels(settings.TENANT_APPS)
    return tuple(sorted(key for key in graph.nodes if key[0] in labels))


def migrations_digest(steps: tuple[MigrationKey, ...]) -> str:
    """Return the SHA-256 that stands for a set of migrations."""
    text = "\n".join(f"{app}.{name}" for app, name in sorted(steps))
    return hashlib.sha256(text.encode()).hexdigest()


# What a schema holds already, and being alone with it while that changes.


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
