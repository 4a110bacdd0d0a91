"""Database connections of the attacked application: one per thread, or psycopg's pool."""

import os
from typing import Any

POOL = {"min_size": 1, "max_size": 3, "timeout": 10}


def with_connections(database: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a database with the kind of connections in ATTACK_CONNECTIONS."""
    if os.environ.get("ATTACK_CONNECTIONS") != "pool":
        return {**database, "CONN_MAX_AGE": 600}
    options = {**database.get("OPTIONS", {}), "pool": POOL}
    return {**database, "CONN_MAX_AGE": 0, "OPTIONS": options}
