"""Rules of the linter: the effect of each operation on an existing table in use.

The locks are those of the PostgreSQL manual, "Explicit Locking" and "ALTER TABLE". The needs of the
running release follow from Django: it names every column of its own models in a SELECT, and no
other column in an INSERT.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import connection
from django.db.migrations import operations
from django.db.migrations.state import ProjectState
from django.db.models import CharField, TextField, Value
from django.db.models.functions import Now

Finding = tuple[str, str]
SAFE_OPERATIONS = (
    operations.CreateModel,
    operations.AlterModelOptions,
    operations.AlterModelManagers,
    operations.RemoveConstraint,
    operations.RemoveIndex,
    operations.RenameIndex,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    AddConstraintNotValid,
    ValidateConstraint,
)
UNSAFE_OPERATIONS = {
    operations.RenameField: ("rename", "the running release uses the former name"),
    operations.RenameModel: ("rename", "the running release uses the former table"),
    operations.AlterModelTable: ("rename", "the running release uses the former table"),
    operations.RemoveField: ("remove", "the running release selects this column"),
    operations.DeleteModel: ("remove", "the running release uses this table"),
    operations.AddIndex: ("add_index", "blocks writes; use AddIndexConcurrently"),
    operations.AddConstraint: (
        "add_constraint",
        "blocks the table while it is checked; use AddConstraintNotValid and ValidateConstraint",
    ),
    operations.AlterUniqueTogether: ("add_constraint", "builds an index while writes are blocked"),
    operations.AlterIndexTogether: ("add_index", "builds an index while writes are blocked"),
    operations.RunSQL: ("run_sql", "the linter cannot tell what it locks; say why it is safe"),
}


def check_operation(operation: Any, label: str, state: ProjectState) -> Iterator[Finding]:
    """Yield the code and the reason of each violation of an operation on an existing table."""
    if isinstance(operation, operations.RunPython):
        if operation.reverse_code is None:
            yield "irreversible", "RunPython without reverse_code cannot be reversed"
    elif isinstance(operation, operations.AddField):
        yield from _added(operation.field)
    elif isinstance(operation, operations.AlterField):
        former = state.models[label, operation.model_name_lower].fields[operation.name]
        yield from _altered(former, operation.field)
    elif type(operation) in UNSAFE_OPERATIONS:
        yield UNSAFE_OPERATIONS[type(operation)]
    elif not isinstance(operation, SAFE_OPERATIONS):
        yield "unknown", f"{type(operation).__name__} is unknown to the linter; say why it is safe"


def _added(field: Any) -> Iterator[Finding]:
    if field.many_to_many:
        return  # creates a separate table
    if field.is_relation and field.db_constraint:
        yield "add_foreign_key", "locks both tables; use db_constraint=False, then NOT VALID"
    elif field.unique or field.db_index:
        yield "add_index", "builds an index while writes are blocked; add it concurrently later"
    if not field.null and not field.has_db_default():
        yield "not_null", "the running release inserts without it; give db_default"
    if field.has_db_default() and not isinstance(field.db_default, Value | Now | str | int | bool):
        yield "rewrite", "a default that differs from row to row rewrites the table"


def _altered(former: Any, field: Any) -> Iterator[Finding]:
    if former.null and not field.null:
        yield "not_null", "scans the table under a lock; add a check NOT VALID and validate first"
    if (field.unique and not former.unique) or (field.db_index and not former.db_index):
        yield "add_index", "builds an index while writes are blocked"
    if _retyped(former, field) and not _widens(former, field):
        yield "rewrite", "changing the type rewrites the table under a lock"


def _retyped(former: Any, field: Any) -> bool:
    """Return whether the column's type changes; a foreign key has the type of its target."""
    if former.is_relation and field.is_relation:
        return _target(former) != _target(field)
    return bool(field.db_type(connection) != former.db_type(connection))


def _target(field: Any) -> tuple[str, Any]:
    model = field.remote_field.model
    name = model if isinstance(model, str) else model._meta.label
    return name.lower(), field.remote_field.field_name


def _widens(former: Any, field: Any) -> bool:
    """Return whether only the maximum text length grows, which changes just the catalogue."""
    if not isinstance(former, CharField):
        return False
    if isinstance(field, TextField):
        return True
    longer = (field.max_length or 0) >= (former.max_length or 0)
    return isinstance(field, CharField) and longer
