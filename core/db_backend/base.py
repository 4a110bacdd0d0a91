"""PostgreSQL backend that fails closed.

Before each statement the backend compares the wanted scope (``scope.current_scope()``) with the
known scope of the raw connection. If they differ, it sends ONE statement that sets search path,
role and ``aggios.tenant`` together. Guarantees:

* An error of that statement reaches the caller, so its query never runs in another scope.
* The known scope is stored on the raw connection and not on the wrapper, because a pool may give
  the same raw connection to another wrapper.
* The known scope is cleared whenever PostgreSQL may have reverted the settings: on rollback, on
  rollback to a savepoint, on a COMMIT that PostgreSQL turned into a rollback, after a statement
  that failed or has an unusual command tag, and while the statement itself runs.
* A connection that has used ``MAX_SCHEMAS`` schemas is closed at the end of its request. PostgreSQL
  caches the tables of each schema, and releases that memory only when the connection closes.
* The first statement of a request always sets the scope. This is also the health check of a
  persistent connection: a dead one is replaced once, without a ``SELECT 1``, if nothing has been
  sent in this request.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.signals import request_started
from django.db import InterfaceError, OperationalError, connections
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from psycopg.pq import TransactionStatus

from core.db_backend.scope import Scope, current_scope
from core.db_backend.timeouts import limited_wait, set_wait_timeout

SET_SCOPE_SQL = (
    "SELECT set_config('search_path', %s, false), set_config('role', %s, false), "
    "set_config('aggios.tenant', %s, false)"
)
# Setting a scope takes well below a millisecond, and 130 ms for a session's first one among 50 000
# roles. As the first statement of every request it detects a server that does not respond.
SET_SCOPE_TIMEOUT_SECONDS = 5.0
INTEGER_BITS = {
    "SmallIntegerField": 16,
    "PositiveSmallIntegerField": 16,
    "IntegerField": 32,
    "PositiveIntegerField": 32,
    "BigIntegerField": 64,
    "PositiveBigIntegerField": 64,
}
# First words of the command tags (PostgreSQL, "CommandComplete") that cannot change role, search
# path and tenant. The tag of a COMMIT that was turned into a rollback is ROLLBACK.
SCOPE_PRESERVING_TAGS = frozenset(
    """
    BEGIN CLOSE COMMIT COPY DECLARE DELETE FETCH INSERT LOCK MERGE MOVE RELEASE SAVEPOINT SELECT
    UPDATE
    """.split()  # noqa: SIM905 - words read better so
)


class SafeIntegerOperations(DatabaseOperations):
    """Binds integers of any size on the server.

    Django sends an integer as the type of its field: ``F("bytes") + 5`` as ``integer``. psycopg's
    binary form of that type drops the upper bits of a larger number without an error, so 2**40
    would become 0. A number beyond the type is left to psycopg, which picks the smallest type that
    holds it.
    """

    def adapt_integerfield_value(self, value: Any, internal_type: str) -> Any:
        """Return the parameter for an integer."""
        beyond = 2 ** (INTEGER_BITS[internal_type] - 1)
        if isinstance(value, int) and not -beyond <= value < beyond:
            return value
        return super().adapt_integerfield_value(value, internal_type)


class _ScopedMixin(CursorWrapper):
    """Sets the wanted scope before each statement, because a cursor outlives its block.

    After each statement the command tag of PostgreSQL is checked. A statement that failed, or that
    may have changed role, search path or transaction, makes the scope unknown. So a hand-written
    ``ROLLBACK`` or ``RESET`` cannot leave the next statement in a reverted scope.
    """

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


class DatabaseWrapper(base.DatabaseWrapper):
    """Connection of one thread. The module docstring lists its guarantees."""

    ops_class = SafeIntegerOperations

    def __init__(self, settings_dict: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        # Parameters stay out of the statement's text, and so out of the server's log.
        options = {**settings_dict.get("OPTIONS", {}), "server_side_binding": True}
        super().__init__({**settings_dict, "OPTIONS": options}, *args, **kwargs)
        self._setting_scope = False
        self._verified = False

    # -- the names that django-tenants' router reads -----------------------------------------------
    @property
    def schema_name(self) -> str:
        """Schema of the current scope."""
        return current_scope().schema

    def set_tenant(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: a tenant is entered with ``tenants.context.tenant_context``."""
        raise RuntimeError("Enter a tenant with tenants.context.tenant_context(tenant).")

    set_schema = set_tenant
    set_schema_to_public = set_tenant

    # -- setting the scope -------------------------------------------------------------------------
    def make_cursor(self, cursor: Any) -> ScopedCursor:
        return ScopedCursor(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> ScopedDebugCursor:
        return ScopedDebugCursor(cursor, self)

    def _wanted_scope(self) -> Scope:
        scope = current_scope()
        if self.settings_dict.get("KEEPS_LOGIN_ROLE"):
            return Scope(scope.schema, "none", scope.tenant_id)
        return scope

    def set_wanted_scope(self, wrapper: CursorWrapper | None = None) -> None:
        """Set the wanted scope on the raw connection unless it is the known one.

        Raises database errors; the caller's statement is then not sent.
        """
        if self._setting_scope:
            return
        wanted = self._wanted_scope()
        if self._verified and getattr(self.connection, "aggios_scope", None) == wanted:
            return
        if self._status() == TransactionStatus.INERROR:
            # PostgreSQL refuses everything but the end of this transaction, which must be sent.
            return
        try:
            self._set_scope(wanted)
        except (OperationalError, InterfaceError):
            if wrapper is None or not self._may_reconnect(wrapper):
                raise
            self._reconnect()
            wrapper.cursor = self.create_cursor()
            self._set_scope(wanted)

    def _set_scope(self, wanted: Scope) -> None:
        raw = self.connection
        raw.aggios_scope = None
        self._setting_scope = True
        try:
            # Django's own cursor, so that query counts and logs include the statement.
            with limited_wait(raw, SET_SCOPE_TIMEOUT_SECONDS), super().cursor() as cursor:
                cursor.execute(SET_SCOPE_SQL, (wanted.schema, wanted.role, wanted.tenant_id))
        finally:
            self._setting_scope = False
        raw.aggios_scope = wanted
        self._verified = True
        raw.aggios_schemas.add(wanted.schema)
        if self._is_exhausted():
            self.close_at = 0.0  # Django closes it at the end of the request

    def _is_exhausted(self) -> bool:
        most = self.settings_dict.get("MAX_SCHEMAS", 0)
        return bool(most) and len(self.connection.aggios_schemas) >= most

    def _may_reconnect(self, wrapper: CursorWrapper) -> bool:
        """Tell whether a dead connection can be replaced without loss.

        Before the first statement of a request there are no rows, locks or settings to lose. That
        includes a transaction that is open and not used yet.
        """
        named = getattr(wrapper.cursor, "name", None)
        pooled_in_transaction = self.in_atomic_block and self.pool is not None
        unused = not self._verified and named is None and not pooled_in_transaction
        return unused and bool(self.connection.closed)

    def _reconnect(self) -> None:
        if not self.in_atomic_block:
            self.close()
            self.ensure_connection()
            return
        # Django's own reconnect would mark the transaction as broken, but the server has none yet.
        with self.wrap_database_errors:
            fresh = self.get_new_connection(self.get_connection_params())
            fresh.autocommit = True
            self._configure_connection(fresh)
            fresh.autocommit = self.autocommit
        self.connection.close()
        self.connection = fresh

    # -- clearing the known scope ------------------------------------------------------------------
    def clear_scope(self) -> None:
        """Mark the raw connection's scope as unknown; the next statement sets it again."""
        if self.connection is not None:
            self.connection.aggios_scope = None

    def verify_before_use(self) -> None:
        """Make the next statement set the scope even if it is the known one (a new request)."""
        if not self.in_atomic_block:  # a request inside a test's own transaction
            self._verified = False

    def connect(self) -> None:
        self._verified = False
        super().connect()

    def _configure_connection(self, connection: Any) -> bool:
        """Set up a new raw connection, for this wrapper or for the pool."""
        connection.aggios_schemas = set()
        set_wait_timeout(connection, self.settings_dict.get("WAIT_TIMEOUT", 0))
        return bool(super()._configure_connection(connection))  # type: ignore[misc]

    def _rollback(self) -> None:
        self.clear_scope()
        super()._rollback()  # type: ignore[misc]
        self.clear_scope()

    def _commit(self) -> None:
        # PostgreSQL turns the COMMIT of a failed transaction into a ROLLBACK without an error, and
        # reverts every setting made in it.
        if self._status() not in (TransactionStatus.INTRANS, TransactionStatus.IDLE):
            self.clear_scope()
        try:
            super()._commit()  # type: ignore[misc]
        except Exception:
            self.clear_scope()
            raise

    def _status(self) -> TransactionStatus:
        raw = self.connection
        return TransactionStatus.UNKNOWN if raw is None else raw.info.transaction_status

    def _savepoint_rollback(self, sid: str) -> None:
        try:
            super()._savepoint_rollback(sid)  # type: ignore[misc]
        finally:
            self.clear_scope()

    def _close(self) -> None:
        # A pool rolls back a returned connection and lends it to another wrapper, unless it is
        # closed.
        self.clear_scope()
        if self.pool is not None and self.connection is not None and self._is_exhausted():
            self.connection.close()
        super()._close()  # type: ignore[misc]


def _verify_connections(**_: Any) -> None:
    for connection in connections.all(initialized_only=True):
        if isinstance(connection, DatabaseWrapper):
            connection.verify_before_use()


request_started.connect(_verify_connections, dispatch_uid="core.db_backend.verify")
