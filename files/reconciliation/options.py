"""The options of a reconciliation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from tenants.context import current_tenant
from tenants.queries import get_tenant


def ignore_progress(count: int) -> None:
    """Ignore the progress."""


@dataclass(frozen=True, slots=True)
class ReconciliationOptions:
    """What a reconciliation may repair, how it reports its progress, and what it ignores.

    Objects newer than ``grace`` seconds are ignored: as long as an upload may take.
    """

    fix: bool = False
    clean_up: bool = False
    grace: int = field(default_factory=lambda: settings.UPLOAD_SECONDS)
    on_progress: Callable[[int], None] = ignore_progress
    started_at: datetime = field(default_factory=timezone.now)

    @property
    def cutoff(self) -> datetime:
        """The time after which objects are too new to be a difference."""
        return self.started_at - timedelta(seconds=self.grace)

    def may_repair(self) -> bool:
        """Whether objects may be deleted now.

        Not while the tenant is in maintenance: a restore writes its objects before their rows.
        """
        return self.fix and not get_tenant(current_tenant().id).maintenance
