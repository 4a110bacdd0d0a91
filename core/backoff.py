"""How long to wait before something is tried again."""

from datetime import timedelta

MOST_DOUBLINGS = 10


def delay_after(attempts: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """Return the wait after so many attempts, from 1 on: ``first``, twice as long each time."""
    return min(first * (1 << min(attempts - 1, MOST_DOUBLINGS)), longest)
