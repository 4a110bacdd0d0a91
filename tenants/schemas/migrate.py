"""Running Django's migrations in one schema at a time, as the owner."""

from typing import Any

from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor

from core.db_backend.scope import PUBLIC, enter
from tenants.schemas.migrator import Applier
from tenants.schemas.owner import (
    ALIAS,
    create_role,
    grant_rows,
    owner_connection,
    protect_history,
    run,
    runtime_login,
)
from tenants.schemas.schema_state import Report, Step, leaves_of, telling


def migrate_public(report: Report) -> int:
    """Bring the shared apps' tables in ``public`` up to date; return how many steps were run."""
    grant_rows("public", runtime_login())
    with enter(PUBLIC):
        emit_pre_migrate_signal(0, False, ALIAS)
        count = _migrate_public(report)
        emit_post_migrate_signal(0, False, ALIAS)
    protect_history("public", runtime_login())
    return count


def migrate_tenant_schema(schema: str, report: Report) -> int:
    """Bring one tenant schema up to date; return how many steps were run."""
    return len(Applier(report).bring_forward(schema))


def pending_in_public() -> list[str]:
    """Return the migrations that ``public`` lacks, in the order in which they would run."""
    with enter(PUBLIC):
        _, _, plan = _public_plan(lambda _: None)
    return [str(migration) for migration, _ in plan]


def _migrate_public(report: Report) -> int:
    executor, targets, plan = _public_plan(report)
    executor.loader.check_consistent_history(owner_connection())
    if plan:
        executor.migrate(targets, plan=plan)
    else:
        executor.recorder.ensure_schema()
    return len(plan)


def _public_plan(report: Report) -> tuple[MigrationExecutor, list[Step], list[tuple[Any, bool]]]:
    executor = MigrationExecutor(owner_connection(), telling(report))
    targets = leaves_of(executor.loader.graph, settings.SHARED_APPS)
    return executor, targets, executor.migration_plan(targets)


def create_empty_schema(schema: str) -> None:
    """Create a schema and its role with default grants; refuses one that exists."""
    with enter(PUBLIC), transaction.atomic(using=ALIAS):
        create_role(schema)
        run("CREATE SCHEMA {}", schema)
        grant_rows(schema, schema)


def drop_schema(schema: str) -> None:
    """Drop a schema with all it holds, and its role."""
    with enter(PUBLIC), transaction.atomic(using=ALIAS):
        run("DROP SCHEMA IF EXISTS {} CASCADE", schema)
        run("DROP ROLE IF EXISTS {}", schema)
