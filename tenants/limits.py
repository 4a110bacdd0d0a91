"""Storage limits of a tenant: the defaults of the settings, unless staff override them.

Overrides are stored in ``Tenant.limits``. They are loaded with the tenant of the request, so
reading them needs no query.
"""

from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings

from tenants.refs import TenantRef, frozen_settings

UNLIMITED = 0
"""The stored value that means "no limit"."""
MAX_LIMIT = 2**63 - 1
"""The largest value of a limit: sums in the database are 64-bit integers."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one tenant. None means unlimited."""

    storage_bytes: int | None
    storage_objects: int | None
    file_max_bytes: int


LIMIT_NAMES = tuple(field.name for field in fields(Limits))


def limits_of(tenant: TenantRef) -> Limits:
    """Return the limits of a tenant."""
    return _limits(dict(tenant.limits))


def limits_from(stored: dict[str, Any]) -> Limits:
    """Return the limits for a stored ``Tenant.limits``."""
    return _limits(dict(frozen_settings(stored)))


def limit_overrides(stored: dict[str, Any]) -> dict[str, int | None]:
    """Return the overridden limits of a tenant; None where the default applies."""
    return {name: stored.get(name) for name in LIMIT_NAMES}


def _limits(stored: dict[str, Any]) -> Limits:
    given = {**settings.TENANT_LIMITS, **{k: v for k, v in stored.items() if k in LIMIT_NAMES}}
    return Limits(
        storage_bytes=given["storage_bytes"] or None,
        storage_objects=given["storage_objects"] or None,
        # The store and the proxy are configured for FILE_MAX_BYTES at most.
        file_max_bytes=min(
            given["file_max_bytes"] or settings.FILE_MAX_BYTES, settings.FILE_MAX_BYTES
        ),
    )
