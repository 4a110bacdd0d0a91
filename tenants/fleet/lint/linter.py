"""Going through migrations in order and collecting what is wrong with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    CreateModel,
    RunPython,
    RunSQL,
    SeparateDatabaseAndState,
)
from django.db.migrations.state import ProjectState

from tenants.fleet.lint.rules import check_operation

DATA_OPERATIONS = (RunPython, RunSQL)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something in a migration that must not reach a busy database."""

    migration: str
    code: str
    operation: str
    why: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.code}: {self.operation}: {self.why}"


def own_apps() -> set[str]:
    """Return the labels of the apps whose migrations we write."""
    ours = {str(settings.BASE_DIR / config.label) for config in apps.get_app_configs()}
    return {config.label for config in apps.get_app_configs() if config.path in ours}


def find_violations(labels: set[str]) -> list[Violation]:
    """Return the faults of all migrations of these apps, in the order in which they run."""
    loader = MigrationLoader(None)
    state = ProjectState(real_apps=loader.unmigrated_apps)
    found: list[Violation] = []
    for key in _in_order(loader):
        migration = loader.graph.nodes[key]
        if migration is None:
            continue
        if key[0] in labels:
            found += lint_migration(migration, state)
        state = migration.mutate_state(state, preserve=False)
    return found


def lint_migration(migration: Migration, state: ProjectState) -> list[Violation]:
    """Return the faults of one migration; ``state`` is what the models were before it."""
    exempt: dict[str, str] = getattr(migration, "lint_exempt", {})
    found = list(_violations(migration, state.clone()))
    codes = {fault.code for fault in found}
    idle = [code for code, why in exempt.items() if code not in codes or not why.strip()]
    return [
        *(fault for fault in found if fault.code not in exempt),
        *(
            Violation(
                _name(migration), "exemption", code, "needs a reason, and something to exempt"
            )
            for code in idle
        ),
    ]


def _violations(migration: Migration, state: ProjectState) -> Iterator[Violation]:
    yield from _shape_violations(migration)
    fresh: set[str] = set()
    for operation in migration.operations:
        for inner in _in_database(operation):
            if isinstance(inner, CreateModel):
                fresh.add(inner.name_lower)
            elif getattr(inner, "model_name_lower", getattr(inner, "name_lower", "")) not in fresh:
                for code, why in check_operation(inner, migration.app_label, state):
                    yield Violation(_name(migration), code, inner.describe(), why)
        operation.state_forwards(migration.app_label, state)


def _shape_violations(migration: Migration) -> Iterator[Violation]:
    """Give what is wrong with a migration as a whole."""
    inner = [found for operation in migration.operations for found in _in_database(operation)]
    if not migration.atomic and len(inner) > 1:
        why = "what is not atomic cannot be repeated from its middle: one operation each"
        yield Violation(_name(migration), "not_atomic", f"{len(inner)} operations", why)
    rows = [operation for operation in inner if isinstance(operation, RunPython)]
    if rows and any(not isinstance(operation, DATA_OPERATIONS) for operation in inner):
        why = "holds the tables' locks while it goes through rows; use a migration of its own"
        yield Violation(_name(migration), "mixed", rows[0].describe(), why)


def _in_database(operation: Any) -> list[Any]:
    if not isinstance(operation, SeparateDatabaseAndState):
        return [operation]
    return [found for inner in operation.database_operations for found in _in_database(inner)]


def _in_order(loader: MigrationLoader) -> list[tuple[str, str]]:
    ordered: dict[tuple[str, str], None] = {}
    for leaf in sorted(loader.graph.leaf_nodes()):
        ordered.update(dict.fromkeys(loader.graph.forwards_plan(leaf)))
    return list(ordered)


def _name(migration: Migration) -> str:
    return f"{migration.app_label}.{migration.name}"
