"""Counts the connections made to Redis.

Somebody who keeps what Redis vouches for asks ``connections_made()``: another number than before
means that Redis may have been away, and that an invalidation may not have reached it.
"""

from typing import Any

_made = 0


def count_connection(connection: Any) -> None:
    """Set a new connection up as usual (redis-py's ``redis_connect_func``) and count it."""
    global _made  # noqa: PLW0603 - one number for the process
    connection.on_connect()
    _made += 1


def connections_made() -> int:
    """Return how many connections this process has made so far."""
    return _made
