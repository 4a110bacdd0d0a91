"""What kind of trouble a database error is: the tenant's own, or one that passes."""

from enum import Enum

from django.db import DatabaseError, InterfaceError, OperationalError
from psycopg import Error

# PostgreSQL, appendix A: the codes of a lock that was not got, of a cancelled statement, and of a
# server or connection that went away.
LOCK_SQLSTATES = frozenset({"55P03", "40P01", "40001"})
CANCELLED_SQLSTATE = "57014"
CONNECTION_SQLSTATES = ("08", "57P")


class DatabaseErrorKind(Enum):
    """Why something failed."""

    LOCKED = "locked"
    CANCELLED = "cancelled"
    LOST = "lost"
    OTHER = "other"


def classify_error(error: BaseException) -> DatabaseErrorKind:
    """Return the kind of an error of Django's or psycopg's; OTHER for everything else."""
    cause = error.__cause__ if isinstance(error, DatabaseError | InterfaceError) else error
    if not isinstance(cause, Error):
        return DatabaseErrorKind.OTHER
    if cause.sqlstate in LOCK_SQLSTATES:
        return DatabaseErrorKind.LOCKED
    if cause.sqlstate == CANCELLED_SQLSTATE:
        return DatabaseErrorKind.CANCELLED
    gone = cause.sqlstate is None and isinstance(error, InterfaceError | OperationalError)
    return (
        DatabaseErrorKind.LOST
        if gone or (cause.sqlstate or "").startswith(CONNECTION_SQLSTATES)
        else DatabaseErrorKind.OTHER
    )
