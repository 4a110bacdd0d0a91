"""Times as the API writes them."""

from datetime import datetime


def timestamp(moment: datetime) -> str:
    """Return a time in UTC as RFC 3339 with microseconds and ``Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def timestamp_or_none(moment: datetime | None) -> str | None:
    """Return a time as ``timestamp`` does, None for what has not happened."""
    return timestamp(moment) if moment else None
