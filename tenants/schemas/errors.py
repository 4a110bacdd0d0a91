"""What kind of trouble a database error is: the tenant's own, or one that passes."""

from enum import Enum

from django.db import DatabaseError, InterfaceError, OperationalError
from psycopg import Error

# PostgreSQL, appendix A: the codes of a lock that was not got, of a cancelled statement, and of a
# server or connection that went away.
LOCKED = frozenset({"55P03", "40P01", "40001"})
CANCELLED = "57014"
LOST = ("08", "57P")


class Trouble(Enum):
    """Why something failed."""

    LOCKED = "locked"
    CANCELLED = "cancelled"
    LOST = "lost"
    OTHER = "other"


def trouble_of(error: BaseException) -> Trouble:
    """Return the kind of an error of Django's or psycopg's; OTHER for everything else."""
    cause = error.__cause__ if isinstance(error, DatabaseError | InterfaceError) else error
    if not isinstance(cause, Error):
        return Trouble.OTHER
    if cause.sqlstate in LOCKED:
        return Trouble.LOCKED
    if cause.sqlstate == CANCELLED:
        return Trouble.CANCELLED
    gone = cause.sqlstate is None and isinstance(error, InterfaceError | OperationalError)
    return Trouble.LOST if gone or (cause.sqlstate or "").startswith(LOST) else Trouble.OTHER
