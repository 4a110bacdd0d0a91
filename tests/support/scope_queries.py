"""What the tests ask a connection: whose people it sees, and where it is."""

from typing import Any

EMAILS = "SELECT email FROM accounts_user"
PLACE = (
    "SELECT current_setting('search_path'), current_user, current_setting('aggios.tenant', true)"
)


def people(wrapper: Any) -> list[str]:
    """Return the e-mail addresses that the connection sees."""
    with wrapper.cursor() as cursor:
        cursor.execute(EMAILS)
        return sorted(row[0] for row in cursor.fetchall())


def place(wrapper: Any) -> tuple[str, str, str]:
    """Return the search path, role and tenant that PostgreSQL has for the connection."""
    with wrapper.cursor() as cursor:
        cursor.execute(PLACE)
        return cursor.fetchone()


def backend_pid(wrapper: Any) -> int:
    """Return the process that serves the connection, without asking PostgreSQL."""
    return wrapper.connection.info.backend_pid
