"""How long to wait before something is tried again."""

from datetime import timedelta

MAX_DOUBLINGS = 10


def backoff_delay(attempts: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """Return the wait after so many attempts, from 1 on: ``first``, twice as long each time."""
    return min(first * (1 << min(attempts - 1, MAX_DOUBLINGS)), longest)
