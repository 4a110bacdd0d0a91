"""Checks migrations in order and collects their violations."""

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
    """A violation in a migration, which must not run on a busy database."""

    migration: str
    code: str
    operation: str
    why: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.code}: {self.operation}: {self.why}"


def own_apps() -> set[str]:
    """Return the labels of the apps in this repository."""
    own_paths = {str(settings.BASE_DIR / config.label) for config in apps.get_app_configs()}
    return {config.label for config in apps.get_app_configs() if config.path in own_paths}


def find_violations(labels: set[str]) -> list[Violation]:
    """Return the violations of all migrations of these apps, in migration order."""
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
    """Return the violations of one migration; ``state`` is the models' state before it."""
    exempt: dict[str, str] = getattr(migration, "lint_exempt", {})
    found = list(_violations(migration, state.clone()))
    codes = {violation.code for violation in found}
    unused = [code for code, why in exempt.items() if code not in codes or not why.strip()]
    return [
        *(violation for violation in found if violation.code not in exempt),
        *(
            Violation(
                _name(migration), "exemption", code, "needs a reason, and a violation to exempt"
            )
            for code in unused
        ),
    ]


def _violations(migration: Migration, state: ProjectState) -> Iterator[Violation]:
    yield from _whole_violations(migration)
    new_models: set[str] = set()
    for operation in migration.operations:
        for inner in _in_database(operation):
            if isinstance(inner, CreateModel):
                new_models.add(inner.name_lower)
            elif (
                getattr(inner, "model_name_lower", getattr(inner, "name_lower", ""))
                not in new_models
            ):
                for code, why in check_operation(inner, migration.app_label, state):
                    yield Violation(_name(migration), code, inner.describe(), why)
        operation.state_forwards(migration.app_label, state)


def _whole_violations(migration: Migration) -> Iterator[Violation]:
    """Yield the violations of a migration as a whole."""
    inner = [found for operation in migration.operations for found in _in_database(operation)]
    if not migration.atomic and len(inner) > 1:
        why = "a migration that is not atomic cannot be resumed: use one operation per migration"
        yield Violation(_name(migration), "not_atomic", f"{len(inner)} operations", why)
    rows = [operation for operation in inner if isinstance(operation, RunPython)]
    if rows and any(not isinstance(operation, DATA_OPERATIONS) for operation in inner):
        why = "locks tables while it processes rows; use a separate migration for the data"
        yield Violation(_name(migration), "mixed", rows[0].describe(), why)


def _model_name(operation: Any) -> str:
    return str(getattr(operation, "model_name_lower", getattr(operation, "name_lower", "")))


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
