"""Recording what a migration sends, and telling whether other schemas may be sent the same text.

Django computes the SQL of a migration from its operations. Where nothing else went into it (no row
or catalogue was read, no Python of the migration ran, no value was made up in Python), the text is
the same for every schema that stands where this one stood, and need not be computed again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations import RunPython, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation

from core.db_backend.base import SET_SCOPE_SQL

# Defaults that give the same whenever and wherever they are called.
DETERMINISTIC_DEFAULTS = (dict, list, tuple, set, str, int, float, bool)
SAVEPOINT_STATEMENTS = ("SAVEPOINT", "RELEASE SAVEPOINT")


class SqlRecorder:
    """What schema editors wrote. ``faithful`` ends when anything but them used the connection."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.faithful = True
        self._writing = False

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        """See every statement on its way (Django's ``execute_wrapper``)."""
        text = str(sql)
        if self._writing and params is None:
            self.statements.append(text)
        elif text != SET_SCOPE_SQL and not text.startswith(SAVEPOINT_STATEMENTS):
            self.faithful = False
        return execute(sql, params, many, context)

    def mentions(self, word: str) -> bool:
        """Tell whether any statement holds ``word``."""
        return any(word in statement for statement in self.statements)

    def follow(self, editor: Any) -> None:
        """Take what ``editor`` executes, deferred statements included, as written by it."""
        execute = editor.execute

        def taped(*args: Any, **kwargs: Any) -> Any:
            with self._write():
                return execute(*args, **kwargs)

        editor.execute = taped

    @contextmanager
    def _write(self) -> Iterator[None]:
        self._writing = True
        try:
            yield
        finally:
            self._writing = False


def is_schema_independent(operation: Operation) -> bool:
    """Tell whether an operation's SQL follows from itself and the models' state alone.

    Only Django's own operations are believed. A default that is computed in Python (a key, a time)
    must be computed for each tenant.
    """
    if isinstance(operation, RunPython) or not type(operation).__module__.startswith("django."):
        return False
    if isinstance(operation, SeparateDatabaseAndState):
        return all(is_schema_independent(inner) for inner in operation.database_operations)
    field = getattr(operation, "field", None)
    if field is None:
        return True
    computed = field.has_default() and callable(field.default)
    dated = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return not dated and (not computed or field.default in DETERMINISTIC_DEFAULTS)
