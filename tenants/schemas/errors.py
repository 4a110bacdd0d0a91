"""Classification of database errors: transient ones, and those caused by the migration itself."""

from enum import Enum

from django.db import DatabaseError, InterfaceError, OperationalError
from psycopg import Error

# PostgreSQL, appendix A: SQLSTATEs of a lock that was not granted, of a cancelled statement, and of
# a lost server or connection.
LOCK_SQLSTATES = frozenset({"55P03", "40P01", "40001"})
CANCELLED_SQLSTATE = "57014"
CONNECTION_SQLSTATES = ("08", "57P")


class DatabaseErrorKind(Enum):
    """The kind of a database error."""

    LOCKED = "locked"
    CANCELLED = "cancelled"
    LOST = "lost"
    OTHER = "other"


def classify_error(error: BaseException) -> DatabaseErrorKind:
    """Return the kind of a Django or psycopg error; OTHER for all other exceptions."""
    cause = error.__cause__ if isinstance(error, DatabaseError | InterfaceError) else error
    if not isinstance(cause, Error):
        return DatabaseErrorKind.OTHER
    if cause.sqlstate in LOCK_SQLSTATES:
        return DatabaseErrorKind.LOCKED
    if cause.sqlstate == CANCELLED_SQLSTATE:
        return DatabaseErrorKind.CANCELLED
    is_closed = cause.sqlstate is None and isinstance(error, InterfaceError | OperationalError)
    if is_closed or (cause.sqlstate or "").startswith(CONNECTION_SQLSTATES):
        return DatabaseErrorKind.LOST
    return DatabaseErrorKind.OTHER
