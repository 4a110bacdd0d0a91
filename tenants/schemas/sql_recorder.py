"""Recording the SQL of a migration, and deciding whether it can be reused in other schemas.

Django computes the SQL of a migration from its operations. The SQL is the same for every schema
with the same applied migrations, if nothing else influenced it: no query of rows or of the
catalogue, no Python code of the migration, no value computed in Python.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations import RunPython, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from core.db_backend.base import SET_SCOPE_SQL

# Callable defaults that always return the same value.
DETERMINISTIC_DEFAULTS = (dict, list, tuple, set, str, int, float, bool)
SAVEPOINT_STATEMENTS = ("SAVEPOINT", "RELEASE SAVEPOINT")


class SqlRecorder:
    """The statements of schema editors. ``is_complete``: nothing else used the connection."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.is_complete = True
        self._recording = False

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        """Record a statement (a Django ``execute_wrapper``)."""
        text = str(sql)
        if self._recording and params is None:
            self.statements.append(text)
        elif text != SET_SCOPE_SQL and not text.startswith(SAVEPOINT_STATEMENTS):
            self.is_complete = False
        return execute(sql, params, many, context)

    def mentions(self, word: str) -> bool:
        """Return whether any recorded statement contains ``word``."""
        return any(word in statement for statement in self.statements)

    def follow(self, editor: Any) -> None:
        """Record everything that ``editor`` executes, including deferred statements."""
        execute = editor.execute

        def recorded(*args: Any, **kwargs: Any) -> Any:
            with self._record():
                return execute(*args, **kwargs)

        editor.execute = recorded

    @contextmanager
    def _record(self) -> Iterator[None]:
        self._recording = True
        try:
            yield
        finally:
            self._recording = False


def is_schema_independent(operation: Operation) -> bool:
    """Return whether an operation's SQL depends only on the operation and the models' state.

    Only Django's own operations are trusted. A default that Python computes (a key, a time) must be
    computed for each tenant.
    """
    if isinstance(operation, RunPython) or not type(operation).__module__.startswith("django."):
        return False
    if isinstance(operation, SeparateDatabaseAndState):
        return all(is_schema_independent(inner) for inner in operation.database_operations)
    field = getattr(operation, "field", None)
    if field is None:
        return True
    is_computed = field.has_default() and callable(field.default)
    is_time = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return not is_time and (not is_computed or field.default in DETERMINISTIC_DEFAULTS)
