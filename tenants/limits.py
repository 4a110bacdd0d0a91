"""How much a tenant may keep: what the settings give everybody, unless staff set it apart.

Stored as ``Tenant.limits``; it comes with the tenant of the request, so asking costs nothing.
"""

from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings

from tenants.refs import TenantRef, frozen_settings

UNLIMITED = 0
"""As a stored limit: there is none."""
MAX_LIMIT = 2**63 - 1
"""What a limit can be, so that sums in the database hold it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """One tenant's limits; None is no limit."""

    storage_bytes: int | None
    storage_objects: int | None
    file_max_bytes: int


LIMIT_NAMES = tuple(field.name for field in fields(Limits))


def limits_of(tenant: TenantRef) -> Limits:
    """Return what a tenant may keep."""
    return _limits(dict(tenant.limits))


def limits_from(stored: dict[str, Any]) -> Limits:
    """Return the limits as a tenant's row has them."""
    return _limits(dict(frozen_settings(stored)))


def limit_overrides(stored: dict[str, Any]) -> dict[str, int | None]:
    """Return what was set apart for a tenant alone, None where it gets what everybody gets."""
    return {name: stored.get(name) for name in LIMIT_NAMES}


def _limits(stored: dict[str, Any]) -> Limits:
    given = {**settings.TENANT_LIMITS, **{k: v for k, v in stored.items() if k in LIMIT_NAMES}}
    return Limits(
        storage_bytes=given["storage_bytes"] or None,
        storage_objects=given["storage_objects"] or None,
        # No tenant gets more than what the store and the proxy were set up for.
        file_max_bytes=min(
            given["file_max_bytes"] or settings.FILE_MAX_BYTES, settings.FILE_MAX_BYTES
        ),
    )
