"""Times as the API writes them."""

from datetime import datetime


def timestamp(moment: datetime) -> str:
    """Return a time in UTC as RFC 3339 with microseconds and ``Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
