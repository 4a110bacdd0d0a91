"""Cursors that enter the wanted scope before each statement rather than once per cursor.

A cursor can outlive the block it was opened in; checking at execution keeps it honest. Afterwards
they look at what PostgreSQL says it did: a statement that may have changed role, path or
transaction, or that failed, makes the scope unknown, so that nobody's hand-written ``ROLLBACK`` or
``RESET`` can leave the next statement in a scope that was taken back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db.backends.utils import CursorDebugWrapper, CursorWrapper

if TYPE_CHECKING:
    from core.db_backend.base import DatabaseWrapper

# The first word of the command tags (PostgreSQL, "CommandComplete") after which role, path and
# tenant surely are what they were. A COMMIT that was turned into a rollback says ROLLBACK.
SCOPE_PRESERVING_TAGS = frozenset(
    """
    BEGIN CLOSE COMMIT COPY DECLARE DELETE FETCH INSERT LOCK MERGE MOVE RELEASE SAVEPOINT SELECT
    UPDATE
    """.split()  # noqa: SIM905 - words read better so
)


class _Scoped(CursorWrapper):
    """Every way to send a statement, in the wanted scope."""

    db: "DatabaseWrapper"

    def execute(self, sql: Any, params: Any = None) -> Any:
        return self._send(super().execute, sql, params)

    def executemany(self, sql: Any, param_list: Any) -> Any:
        return self._send(super().executemany, sql, param_list)

    def callproc(self, procname: str, params: Any = None, kparams: Any = None) -> Any:
        return self._send(super().callproc, procname, params, kparams)

    def _send(self, method: Callable[..., Any], *args: Any) -> Any:
        self.db.enter_wanted_scope(self)
        with self._forgetting_on_error():
            result = method(*args)
        tag = self.cursor.statusmessage
        if tag and tag.partition(" ")[0] not in SCOPE_PRESERVING_TAGS:
            self.db.forget_scope()
        return result

    @contextmanager
    def _forgetting_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.db.forget_scope()
            raise

    @contextmanager
    def copy(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Run a COPY (psycopg's ``Cursor.copy``)."""
        self.db.enter_wanted_scope(self)
        with self._forgetting_on_error(), self.cursor.copy(*args, **kwargs) as copy:
            yield copy

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Yield rows one by one as they arrive (psycopg's ``Cursor.stream``)."""
        self.db.enter_wanted_scope(self)
        with self._forgetting_on_error():
            yield from self.cursor.stream(*args, **kwargs)


class ScopedCursor(_Scoped):
    """Cursor that statements run on in production."""


class ScopedDebugCursor(_Scoped, CursorDebugWrapper):
    """The same when queries are recorded (DEBUG, ``assertNumQueries``)."""
