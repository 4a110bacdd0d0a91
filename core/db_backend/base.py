"""PostgreSQL backend that fails closed.

Before each statement the backend compares the scope that is wanted (``scope.current_scope()``) with
the one that the raw connection is known to be in, and if they differ sends ONE statement that sets
search path, role and ``aggios.tenant`` together. What holds:

* An error of that statement reaches the caller, so its query never runs in somebody else's scope.
* What is known is kept on the raw connection, not on the wrapper: a pool may hand the same raw
  connection to another wrapper.
* It is forgotten whenever PostgreSQL may have taken the settings back: on rollback, on rollback to
  a savepoint, on a COMMIT that PostgreSQL turned into a rollback, after any statement that failed
  or was none of the ordinary ones (cursors.py), and while the statement itself is under way.
* A connection that has been in ``MAX_SCOPES`` schemas is closed when its request is over: what it
  keeps in memory of each one's tables is given back in no other way.
* The first statement of a request always sends it. It doubles as the health check of a persistent
  connection: a dead one is replaced once, without a ``SELECT 1``, while nothing was done with it.
"""

from typing import Any

from django.core.signals import request_started
from django.db import InterfaceError, OperationalError, connections
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.utils import CursorWrapper
from psycopg.pq import TransactionStatus

from core.db_backend.cursors import ScopedCursor, ScopedDebugCursor
from core.db_backend.scope import Scope, current_scope
from core.db_backend.timeouts import limited_wait, set_wait_timeout

SET_SCOPE_SQL = (
    "SELECT set_config('search_path', %s, false), set_config('role', %s, false), "
    "set_config('aggios.tenant', %s, false)"
)


# A switch takes well below a millisecond, 130 ms for a session's first among 50 000 roles. As the
# first statement of every request it finds a server that hangs before anything else waits for it.
SET_SCOPE_TIMEOUT_SECONDS = 5.0


INTEGER_BITS = {"SmallIntegerField": 16, "PositiveSmallIntegerField": 16}


class SafeIntegerOperations(DatabaseOperations):
    """Django's, but for integers beyond their field's type."""

    def adapt_integerfield_value(self, value: Any, internal_type: str) -> Any:
        """Return the value as it is sent."""
        beyond = 2 ** (INTEGER_BITS[internal_type] - 1)
        if isinstance(value, int) and not -beyond <= value < beyond:
            return value
        return super().adapt_integerfield_value(value, internal_type)


class DatabaseWrapper(base.DatabaseWrapper):
    """Connection of one thread; see the module's text for what it guarantees."""

    ops_class = SafeIntegerOperations

    def __init__(self, settings_dict: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        # Parameters stay out of the statement's text, and so out of the server's log.
        options = {**settings_dict.get("OPTIONS", {}), "server_side_binding": True}
        super().__init__({**settings_dict, "OPTIONS": options}, *args, **kwargs)
        self._entering = False
        self._verified = False

    # -- the names that django-tenants' router reads -----------------------------------------------
    @property
    def schema_name(self) -> str:
        """Schema that the code that runs now works in."""
        return current_scope().schema

    def set_tenant(self, *args: Any, **kwargs: Any) -> None:
        """Refused: a tenant is entered as a block, see ``tenants.context.tenant_context``."""
        raise RuntimeError("Enter a tenant with tenants.context.tenant_context(tenant).")

    set_schema = set_tenant
    set_schema_to_public = set_tenant

    # -- entering the scope ------------------------------------------------------------------------
    def make_cursor(self, cursor: Any) -> ScopedCursor:
        return ScopedCursor(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> ScopedDebugCursor:
        return ScopedDebugCursor(cursor, self)

    def _wanted(self) -> Scope:
        scope = current_scope()
        if self.settings_dict.get("KEEPS_LOGIN_ROLE"):
            return Scope(scope.schema, "none", scope.tenant_id)
        return scope

    def enter_wanted_scope(self, wrapper: CursorWrapper | None = None) -> None:
        """Bring the raw connection into the current scope if it is not known to be there.

        Raises whatever the database raises; the caller's statement is then not sent.
        """
        if self._entering:
            return
        wanted = self._wanted()
        if self._verified and getattr(self.connection, "aggios_scope", None) == wanted:
            return
        if self._status() == TransactionStatus.INERROR:
            # PostgreSQL refuses everything but the end of this transaction, which must get through.
            return
        try:
            self._send(wanted)
        except (OperationalError, InterfaceError):
            if wrapper is None or not self._may_reconnect(wrapper):
                raise
            self._reconnect()
            wrapper.cursor = self.create_cursor()
            self._send(wanted)

    def _send(self, wanted: Scope) -> None:
        raw = self.connection
        raw.aggios_scope = None
        self._entering = True
        try:
            # Through Django's own cursor, so that query counts and logs show the statement.
            with limited_wait(raw, SET_SCOPE_TIMEOUT_SECONDS), super().cursor() as cursor:
                cursor.execute(SET_SCOPE_SQL, (wanted.schema, wanted.role, wanted.tenant_id))
        finally:
            self._entering = False
        raw.aggios_scope = wanted
        self._verified = True
        raw.aggios_met.add(wanted.schema)
        if self._is_worn():
            self.close_at = 0.0  # Django then closes it when the request is over

    def _is_worn(self) -> bool:
        most = self.settings_dict.get("MAX_SCOPES", 0)
        return bool(most) and len(self.connection.aggios_met) >= most

    def _may_reconnect(self, wrapper: CursorWrapper) -> bool:
        """Tell whether a dead connection can be replaced with nothing lost.

        While nothing was sent since the request began, nothing can be: no row, lock, setting. That
        holds too for a transaction that has been opened and not used yet.
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
        # Django's own way would mark the transaction as broken; it has not begun on the server.
        with self.wrap_database_errors:
            fresh = self.get_new_connection(self.get_connection_params())
            fresh.autocommit = True
            self._configure_connection(fresh)
            fresh.autocommit = self.autocommit
        self.connection.close()
        self.connection = fresh

    # -- forgetting --------------------------------------------------------------------------------
    def forget_scope(self) -> None:
        """Treat the raw connection's settings as unknown; the next statement sets them anew."""
        if self.connection is not None:
            self.connection.aggios_scope = None

    def verify_before_use(self) -> None:
        """Make the next statement send the scope even if nothing changed (a new request began)."""
        if not self.in_atomic_block:  # a request that a test makes inside of its own transaction
            self._verified = False

    def connect(self) -> None:
        self._verified = False
        super().connect()

    def _configure_connection(self, connection: Any) -> bool:
        """Set up a raw connection that was just made, for this wrapper or for the pool."""
        connection.aggios_met = set()
        set_wait_timeout(connection, self.settings_dict.get("PATIENCE", 0))
        return bool(super()._configure_connection(connection))  # type: ignore[misc]

    def _rollback(self) -> None:
        self.forget_scope()
        super()._rollback()  # type: ignore[misc]
        self.forget_scope()

    def _commit(self) -> None:
        # PostgreSQL answers a COMMIT of a failed transaction with ROLLBACK and no error, and takes
        # back every setting made in it.
        if self._status() not in (TransactionStatus.INTRANS, TransactionStatus.IDLE):
            self.forget_scope()
        try:
            super()._commit()  # type: ignore[misc]
        except Exception:
            self.forget_scope()
            raise

    def _status(self) -> TransactionStatus:
        raw = self.connection
        return TransactionStatus.UNKNOWN if raw is None else raw.info.transaction_status

    def _savepoint_rollback(self, sid: str) -> None:
        try:
            super()._savepoint_rollback(sid)  # type: ignore[misc]
        finally:
            self.forget_scope()

    def _close(self) -> None:
        # A pool rolls back what it is handed and lends the raw connection to somebody else, unless
        # it is handed a closed one.
        self.forget_scope()
        if self.pool is not None and self.connection is not None and self._is_worn():
            self.connection.close()
        super()._close()  # type: ignore[misc]


def _verify_connections(**_: Any) -> None:
    for connection in connections.all(initialized_only=True):
        if isinstance(connection, DatabaseWrapper):
            connection.verify_before_use()


request_started.connect(_verify_connections, dispatch_uid="core.db_backend.verify")


# Integers of any size as parameters that are bound on the server.
#
# Django sends an integer as the type of its field: ``F("bytes") + 5`` as ``integer``. psycopg's
# binary form of that type drops the upper bits of a larger number without an error, so 2**40 would
# become 0. What does not fit is left to psycopg, which picks the smallest type that it fits.

INTEGER_BITS |= {"IntegerField": 32, "PositiveIntegerField": 32}


INTEGER_BITS |= {"BigIntegerField": 64, "PositiveBigIntegerField": 64}
