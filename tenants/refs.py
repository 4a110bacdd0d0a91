"""Representations of a tenant: the cacheable reference, and the audit target."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.services import Target
from core.db_backend.scope import Scope
from tenants.models import Tenant

SettingValue = str | int | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class TenantRef:
    """What routing, tokens and storage need to know of a tenant."""

    id: uuid.UUID
    slug: str
    name: str
    schema_name: str
    object_prefix: str
    status: str
    suspended_reason: str
    registration: str
    key_version: int
    maintenance: str = ""
    deletion_due_at: datetime | None = None
    settings: tuple[tuple[str, SettingValue], ...] = ()
    """Settings that the tenant's owner changes, by name; hashable, so that it can key a cache."""
    limits: tuple[tuple[str, SettingValue], ...] = ()
    """Limits that platform staff override (tenants/limits.py)."""
    former_names: tuple[tuple[str, datetime], ...] = ()
    """Former subdomains, each with the end of its redirect."""

    @property
    def scope(self) -> Scope:
        """The database scope of this tenant: its schema and its role."""
        return Scope(self.schema_name, role=self.schema_name, tenant_id=str(self.id))

    def redirect_ends_at(self, name: str) -> datetime | None:
        """Return the end of the redirect of a former name, or None for other names."""
        return dict(self.former_names).get(name)


def ref_of(tenant: Tenant) -> TenantRef:
    """Return the reference of a tenant. ``domains`` are queried unless they are prefetched."""
    return TenantRef(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        schema_name=tenant.schema_name,
        object_prefix=tenant.object_prefix,
        status=tenant.status,
        suspended_reason=tenant.suspended_reason,
        registration=tenant.registration,
        key_version=tenant.key_version,
        maintenance=tenant.maintenance,
        deletion_due_at=tenant.deletion_due_at,
        settings=frozen_settings(tenant.settings),
        limits=frozen_settings(tenant.limits),
        former_names=tuple(
            (d.domain, d.redirect_until) for d in tenant.domains.all() if d.redirect_until
        ),
    )


def frozen_settings(stored: dict[str, Any]) -> tuple[tuple[str, SettingValue], ...]:
    """Return stored settings as a hashable value."""
    return tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in sorted(stored.items())
    )


def tenant_target(tenant: Tenant) -> Target:
    """Return the tenant as an audit target."""
    return Target("tenant", str(tenant.id), tenant.name)
