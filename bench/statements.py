"""How many SQL statements one request costs, as the server itself counts them."""

from urllib.parse import urlsplit

import psycopg


class StatementCount:
    """``pg_stat_statements`` of one database: everything counts, SET and BEGIN too."""

    def __init__(self, superuser_url: str, database: str) -> None:
        self._url = superuser_url
        self._database = database
        with psycopg.connect(self._url, autocommit=True) as server:
            server.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def start(self) -> None:
        """Forget what was counted."""
        with psycopg.connect(self._url, autocommit=True) as server:
            server.execute("SELECT pg_stat_statements_reset()")

    def read(self) -> dict[str, int]:
        """Return each statement's text with its number of executions since ``start``."""
        with psycopg.connect(self._url, autocommit=True) as server:
            rows = server.execute(
                "SELECT query, sum(calls)::bigint FROM pg_stat_statements s "
                "JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = %s GROUP BY query",
                [self._database],
            ).fetchall()
        return {query: int(calls) for query, calls in rows}


def database_of(url: str) -> str:
    """Return the database that a URL names."""
    return urlsplit(url).path.lstrip("/")
