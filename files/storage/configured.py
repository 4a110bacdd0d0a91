"""The storage of tenants that the settings name. Its class, and boto3, are loaded at first use."""

from typing import TYPE_CHECKING, cast

from django.core.files.storage import storages

if TYPE_CHECKING:
    from files.storage.backend import TenantStorage


def tenant_storage() -> "TenantStorage":
    """Return the storage that ``STORAGES["default"]`` configures."""
    return cast("TenantStorage", storages["default"])
