"""Bringing a schema to a state of the migrations: that of an archive, then today's."""

from django.conf import settings
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader

from core.db_backend.scope import PUBLIC, enter
from operations.errors import Unfit
from tenants.schemas.concurrent_indexes import plain_builds
from tenants.schemas.owner import ALIAS, grant_rows, owner_connection, protect_history, run
from tenants.schemas.schema_state import Report, Step, leaves_of, schema_scope, telling


def graph_for(steps: list[Step]) -> MigrationGraph:
    """Return this code's migrations. Raises Unfit unless they can make the state of ``steps``."""
    graph: MigrationGraph = MigrationLoader(None).graph
    if unknown := sorted(set(steps) - set(graph.nodes)):
        app, name = unknown[0]
        raise Unfit(
            f"The archive holds migration {app}.{name}, which this version of Aggios does not "
            "know. Load it with the version that made it, or a newer one."
        )
    reached = {step for target in _leaves(graph, steps) for step in graph.forwards_plan(target)}
    if not steps or reached != set(steps):
        raise Unfit("The archive's record of migrations is no state that migrations make.")
    return graph


def build(
    schema: str, *, role: str, graph: MigrationGraph, steps: list[Step], report: Report
) -> None:
    """Make a schema whose rows ``role`` may use, in the state of ``steps``, without rows."""
    with enter(PUBLIC), transaction.atomic(using=ALIAS):
        run("CREATE SCHEMA {}", schema)
        grant_rows(schema, role)
    _migrate(schema, _leaves(graph, steps), report)
    protect_history(schema, role)


def bring_up_to_date(schema: str, *, role: str, graph: MigrationGraph, report: Report) -> int:
    """Run what a schema lacks of this code's migrations; return how many there were."""
    count = _migrate(schema, leaves_of(graph, settings.TENANT_APPS), report)
    protect_history(schema, role)
    return count


def _leaves(graph: MigrationGraph, steps: list[Step]) -> list[Step]:
    """Return the steps that no other of the steps builds on."""
    given = set(steps)
    return sorted(
        step
        for step in given
        if not any(child.key in given for child in graph.node_map[step].children)
    )


def _migrate(schema: str, targets: list[Step], report: Report) -> int:
    with enter(schema_scope(schema)):
        executor = MigrationExecutor(owner_connection(), telling(report))
        plan = executor.migration_plan(targets)
        if plan:
            with plain_builds():
                executor.migrate(targets, plan=plan)
    return len(plan)
