"""For how long the trash keeps a file."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone


def trash_cutoff() -> datetime:
    """Return the moment before which what was deleted is kept no longer."""
    return timezone.now() - _trash_retention()


def purge_time(deleted_at: datetime) -> datetime:
    """Return when a file that was deleted then is purged."""
    return deleted_at + _trash_retention()


def _trash_retention() -> timedelta:
    return timedelta(seconds=settings.TRASH_SECONDS)
