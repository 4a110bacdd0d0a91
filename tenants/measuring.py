"""A tenant's usage as people are shown it, measured anew when what is known is old.

Tenants know nothing of files; ``settings.TENANT_USAGE_MEASURER`` names who measures.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, cast

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from django.utils.module_loading import import_string

from tenants.models import Tenant, Usage
from tenants.problems import TenantUnavailable
from tenants.usage import last_usage, requests_by_day

MAX_USAGE_AGE = timedelta(minutes=5)


class UsageMeasurer(Protocol):
    """Measures a tenant in bounded time and keeps the result. Raises DatabaseError."""

    def __call__(self, tenant: Tenant, *, exact: bool) -> Usage: ...


@dataclass(frozen=True, slots=True)
class CurrentUsage:
    """A tenant's usage: what it holds, whether its rows were just counted, requests by day."""

    held: Usage
    rows_are_exact: bool
    requests: dict[str, int]


def current_usage(tenant: Tenant, *, exact: bool) -> CurrentUsage:
    """Return the usage, at most five minutes old; ``exact`` counts the rows now.

    When it cannot be measured in time the last result is returned. Raises TenantUnavailable without
    one.
    """
    known = last_usage(tenant.pk)
    fresh = known is not None and timezone.now() - known.measured_at < MAX_USAGE_AGE
    if known is None or exact or not fresh:
        known, exact = _measure(tenant, known, exact)
    return CurrentUsage(known, exact, requests_by_day(tenant.pk))


def _measure(tenant: Tenant, known: Usage | None, exact: bool) -> tuple[Usage, bool]:
    measurer = cast("UsageMeasurer", import_string(settings.TENANT_USAGE_MEASURER))
    try:
        return measurer(tenant, exact=exact), exact
    except DatabaseError as exc:  # too slow, locked by a migration, being restored
        if known is None:
            raise TenantUnavailable("This workspace cannot be measured now.") from exc
        return known, False
