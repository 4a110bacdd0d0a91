"""Migration of a single schema with the owner's login: ``public`` or a tenant's schema."""

from typing import Any

from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db.migrations.executor import MigrationExecutor

from core.db_backend.scope import PUBLIC, use_scope
from tenants.schemas.migrator import SchemaMigrator
from tenants.schemas.owner import (
    OWNER_ALIAS,
    grant_table_access,
    make_history_read_only,
    owner_connection,
    runtime_login,
)
from tenants.schemas.schema_state import (
    MigrationKey,
    ProgressCallback,
    executor_progress,
    leaf_migrations,
)


def migrate_public(report: ProgressCallback) -> int:
    """Migrate the shared apps in ``public``; return the number of applied migrations."""
    grant_table_access("public", runtime_login())
    with use_scope(PUBLIC):
        emit_pre_migrate_signal(0, False, OWNER_ALIAS)
        count = _migrate_public(report)
        emit_post_migrate_signal(0, False, OWNER_ALIAS)
    make_history_read_only("public", runtime_login())
    return count


def migrate_tenant_schema(schema: str, report: ProgressCallback) -> int:
    """Migrate one tenant schema; return the number of applied migrations."""
    return len(SchemaMigrator(report).migrate(schema))


def pending_public_migrations() -> list[str]:
    """Return the migrations that ``public`` lacks, in their order."""
    with use_scope(PUBLIC):
        _, _, plan = _public_plan(lambda _: None)
    return [str(migration) for migration, _ in plan]


def _migrate_public(report: ProgressCallback) -> int:
    executor, targets, plan = _public_plan(report)
    executor.loader.check_consistent_history(owner_connection())
    if plan:
        executor.migrate(targets, plan=plan)
    else:
        executor.recorder.ensure_schema()
    return len(plan)


def _public_plan(
    report: ProgressCallback,
) -> tuple[MigrationExecutor, list[MigrationKey], list[tuple[Any, bool]]]:
    executor = MigrationExecutor(owner_connection(), executor_progress(report))
    targets = leaf_migrations(executor.loader.graph, settings.SHARED_APPS)
    return executor, targets, executor.migration_plan(targets)
