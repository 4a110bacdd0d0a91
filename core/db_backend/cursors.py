"""Cursors that set the wanted scope before each statement and not only when they are opened.

A cursor can outlive the block that opened it. After each statement the cursor looks at
PostgreSQL's command tag: a statement that failed, or that may have changed role, search path or
transaction, makes the scope unknown. So a hand-written ``ROLLBACK`` or ``RESET`` cannot leave the
next statement in a scope that was reverted.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db.backends.utils import CursorDebugWrapper, CursorWrapper

if TYPE_CHECKING:
    from core.db_backend.base import DatabaseWrapper

# First words of the command tags (PostgreSQL, "CommandComplete") that cannot change role, search
# path and tenant. The tag of a COMMIT that was turned into a rollback is ROLLBACK.
SCOPE_PRESERVING_TAGS = frozenset(
    """
    BEGIN CLOSE COMMIT COPY DECLARE DELETE FETCH INSERT LOCK MERGE MOVE RELEASE SAVEPOINT SELECT
    UPDATE
    """.split()  # noqa: SIM905 - words read better so
)


class _ScopedMixin(CursorWrapper):
    """Every way to send a statement, in the wanted scope."""

    db: "DatabaseWrapper"

    def execute(self, sql: Any, params: Any = None) -> Any:
        return self._send(super().execute, sql, params)

    def executemany(self, sql: Any, param_list: Any) -> Any:
        return self._send(super().executemany, sql, param_list)

    def callproc(self, procname: str, params: Any = None, kparams: Any = None) -> Any:
        return self._send(super().callproc, procname, params, kparams)

    def _send(self, method: Callable[..., Any], *args: Any) -> Any:
        self.db.set_wanted_scope(self)
        with self._clear_scope_on_error():
            result = method(*args)
        tag = self.cursor.statusmessage
        if tag and tag.partition(" ")[0] not in SCOPE_PRESERVING_TAGS:
            self.db.clear_scope()
        return result

    @contextmanager
    def _clear_scope_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.db.clear_scope()
            raise

    @contextmanager
    def copy(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Run a COPY (psycopg's ``Cursor.copy``)."""
        self.db.set_wanted_scope(self)
        with self._clear_scope_on_error(), self.cursor.copy(*args, **kwargs) as copy:
            yield copy

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Yield rows one by one as they arrive (psycopg's ``Cursor.stream``)."""
        self.db.set_wanted_scope(self)
        with self._clear_scope_on_error():
            yield from self.cursor.stream(*args, **kwargs)


class ScopedCursor(_ScopedMixin):
    """The cursor in production."""


class ScopedDebugCursor(_ScopedMixin, CursorDebugWrapper):
    """The cursor when queries are recorded (DEBUG, ``assertNumQueries``)."""
