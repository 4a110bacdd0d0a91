"""Running Django's migrations in one schema at a time, as the owner."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from core.database.scope import PUBLIC, Scope, enter
from tenants.database.owner import (
    ALIAS,
    grant_rows,
    owner_connection,
    protect_history,
    run,
    runtime_login,
)

Step = tuple[str, str]
Report = Callable[[str], None]


def schema_scope(schema: str) -> Scope:
    """Return the scope of work on a schema's tables; the owner keeps its own role in it."""
    return Scope(schema, role="none", tenant_id="")


def labels_of(app_names: list[str]) -> set[str]:
    """Return the app labels of a list of app names."""
    return {config.label for config in apps.get_app_configs() if config.name in app_names}


@lru_cache(maxsize=1)
def tenant_steps() -> tuple[Step, ...]:
    """Return every migration that a tenant's schema must hold, sorted."""
    graph = MigrationLoader(None).graph
    labels = labels_of(settings.TENANT_APPS)
    return tuple(sorted(key for key in graph.nodes if key[0] in labels))


def digest_of(steps: tuple[Step, ...]) -> str:
    """Return the SHA-256 that stands for a set of migrations."""
    text = "\n".join(f"{app}.{name}" for app, name in sorted(steps))
    return hashlib.sha256(text.encode()).hexdigest()


def migrate_public(report: Report) -> int:
    """Bring the shared apps' tables in ``public`` up to date; return how many steps were run."""
    grant_rows("public", runtime_login())
    with enter(PUBLIC):
        emit_pre_migrate_signal(0, False, ALIAS)
        count = _migrate(settings.SHARED_APPS, report)
        emit_post_migrate_signal(0, False, ALIAS)
    protect_history("public", runtime_login())
    return count


def migrate_tenant_schema(schema: str, report: Report) -> int:
    """Bring one tenant schema up to date; return how many steps were run."""
    with enter(schema_scope(schema)):
        count = _migrate(settings.TENANT_APPS, report)
    protect_history(schema, schema)
    return count


def _migrate(app_names: list[str], report: Report) -> int:
    connection = owner_connection()
    executor = MigrationExecutor(connection, _progress(report))
    executor.loader.check_consistent_history(connection)
    labels = labels_of(app_names)
    targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] in labels]
    plan = executor.migration_plan(targets)
    if plan:
        executor.migrate(targets, plan=plan)
    else:
        executor.recorder.ensure_schema()
    return len(plan)


def _progress(report: Report) -> Callable[..., None]:
    def show(action: str, migration: Any = None, fake: bool = False) -> None:
        if action == "apply_start":
            report(str(migration))

    return show


def create_empty_schema(schema: str) -> None:
    """Create a schema and its role with default grants; refuses one that exists."""
    with enter(PUBLIC), transaction.atomic(using=ALIAS):
        run("CREATE ROLE {} NOLOGIN", schema)
        run("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", schema, runtime_login())
        run("CREATE SCHEMA {}", schema)
        grant_rows(schema, schema)


def drop_schema(schema: str) -> None:
    """Drop a schema with all it holds, and its role."""
    with enter(PUBLIC), transaction.atomic(using=ALIAS):
        run("DROP SCHEMA IF EXISTS {} CASCADE", schema)
        run("DROP ROLE IF EXISTS {}", schema)
