"""Queries that show a connection's scope: its visible users, search path, role and tenant."""

from typing import Any

EMAILS_SQL = "SELECT email FROM accounts_user"
SESSION_SCOPE_SQL = (
    "SELECT current_setting('search_path'), current_user, current_setting('aggios.tenant', true)"
)


def visible_emails(wrapper: Any) -> list[str]:
    """Return the e-mail addresses that the connection sees."""
    with wrapper.cursor() as cursor:
        cursor.execute(EMAILS_SQL)
        return sorted(row[0] for row in cursor.fetchall())


def session_scope(wrapper: Any) -> tuple[str, str, str]:
    """Return the search path, role and tenant that PostgreSQL has for the connection."""
    with wrapper.cursor() as cursor:
        cursor.execute(SESSION_SCOPE_SQL)
        return cursor.fetchone()


def backend_pid(wrapper: Any) -> int:
    """Return the pid of the connection's backend, without a query."""
    return wrapper.connection.info.backend_pid
