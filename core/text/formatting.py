"""Times and counts as texts."""

from datetime import datetime


def timestamp(moment: datetime) -> str:
    """Return a time in UTC as RFC 3339, with microseconds and ``Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def timestamp_or_none(moment: datetime | None) -> str | None:
    """Return ``timestamp`` of a time, or None."""
    return timestamp(moment) if moment else None


def pluralize(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: ``1 tenant``, ``2 tenants``.

    For the English output of commands. Translated texts use ``ngettext``.
    """
    return f"{count} {noun_form(count, noun, plural)}"


def noun_form(count: int, noun: str, plural: str = "") -> str:
    """Return the singular or the plural of ``noun``."""
    return noun if count == 1 else plural or f"{noun}s"
