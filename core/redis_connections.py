"""The number of connections that this process has made to Redis.

A local cache that Redis invalidates compares ``connections_made()``. A new number means that Redis
may have been unavailable, so that an invalidation may be lost.
"""

from typing import Any

_made = 0


def count_connection(connection: Any) -> None:
    """Set up a new connection (redis-py's ``redis_connect_func``) and count it."""
    global _made  # noqa: PLW0603 - one number per process
    connection.on_connect()
    _made += 1


def connections_made() -> int:
    """Return how many connections this process has made."""
    return _made
