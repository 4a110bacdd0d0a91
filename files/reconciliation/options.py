"""How a comparison is to be done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from tenants.context import current_tenant
from tenants.queries import get_tenant


def ignore_progress(count: int) -> None:
    """Take no notice of progress."""


@dataclass(frozen=True, slots=True)
class ReconciliationOptions:
    """Whether to repair, who is told of objects that were compared, and what is too young.

    Nothing that came less than ``grace`` seconds ago is touched: as long as an upload may take.
    """

    fix: bool = False
    settle: bool = False
    grace: int = field(default_factory=lambda: settings.UPLOAD_SECONDS)
    told: Callable[[int], None] = ignore_progress
    began: datetime = field(default_factory=timezone.now)

    @property
    def before(self) -> datetime:
        """The moment since when nothing is judged."""
        return self.began - timedelta(seconds=self.grace)

    def may_repair(self) -> bool:
        """Whether something may be taken out of the store now.

        Not while the tenant is restored: its objects come before their rows then.
        """
        return self.fix and not get_tenant(current_tenant().id).maintenance
