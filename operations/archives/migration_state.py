"""Migrates a schema to a given migration state, and then to the current one."""

from django.conf import settings
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader

from core.db_backend.scope import PUBLIC, use_scope
from operations.errors import IncompatibleError
from tenants.schemas.concurrent_indexes import blocking_index_builds
from tenants.schemas.owner import (
    OWNER_ALIAS,
    grant_table_access,
    make_history_read_only,
    owner_connection,
    run_as_owner,
)
from tenants.schemas.schema_state import (
    MigrationKey,
    ProgressCallback,
    executor_progress,
    leaf_migrations,
    schema_scope,
)
from tenants.schemas.template import run_template


def migration_graph(steps: list[MigrationKey]) -> MigrationGraph:
    """Return the migrations of this version.

    Raises: IncompatibleError unless they can produce the state of ``steps``.
    """
    graph: MigrationGraph = MigrationLoader(None).graph
    if unknown := sorted(set(steps) - set(graph.nodes)):
        app, name = unknown[0]
        raise IncompatibleError(
            f"The archive holds migration {app}.{name}, which this version of Aggios does not "
            "know. Load it with the version that made it, or a newer one."
        )
    reached = {step for target in _leaf_steps(graph, steps) for step in graph.forwards_plan(target)}
    if not steps or reached != set(steps):
        raise IncompatibleError(
            "The archive's record of migrations is no state that migrations make."
        )
    return graph


def create_schema(
    schema: str,
    *,
    role: str,
    graph: MigrationGraph,
    steps: list[MigrationKey],
    report: ProgressCallback,
) -> None:
    """Create an empty schema in the state of ``steps``; ``role`` may use its rows."""
    if run_template(schema, role, steps):
        return  # running the migrations takes ten times as long
    with use_scope(PUBLIC), transaction.atomic(using=OWNER_ALIAS):
        run_as_owner("CREATE SCHEMA {}", schema)
        grant_table_access(schema, role)
    _run_migrations(schema, _leaf_steps(graph, steps), report)
    make_history_read_only(schema, role)


def apply_missing_migrations(
    schema: str, *, role: str, graph: MigrationGraph, report: ProgressCallback
) -> int:
    """Run the migrations that a schema lacks; return their number."""
    count = _run_migrations(schema, leaf_migrations(graph, settings.TENANT_APPS), report)
    make_history_read_only(schema, role)
    return count


def _leaf_steps(graph: MigrationGraph, steps: list[MigrationKey]) -> list[MigrationKey]:
    """Return the steps that no other given step depends on."""
    given = set(steps)
    return sorted(
        step
        for step in given
        if not any(child.key in given for child in graph.node_map[step].children)
    )


def _run_migrations(schema: str, targets: list[MigrationKey], report: ProgressCallback) -> int:
    with use_scope(schema_scope(schema)):
        executor = MigrationExecutor(owner_connection(), executor_progress(report))
        plan = executor.migration_plan(targets)
        if plan:
            with blocking_index_builds():
                executor.migrate(targets, plan=plan)
    return len(plan)
