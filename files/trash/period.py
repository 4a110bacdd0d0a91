"""For how long the trash keeps a file."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone


def oldest_kept() -> datetime:
    """Return the moment before which what was deleted is kept no longer."""
    return timezone.now() - _period()


def end_of(deleted_at: datetime) -> datetime:
    """Return when a file that was deleted then is purged."""
    return deleted_at + _period()


def _period() -> timedelta:
    return timedelta(seconds=settings.TRASH_SECONDS)
