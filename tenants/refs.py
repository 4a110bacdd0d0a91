"""What a request needs to know of its tenant, as an immutable value that can be cached."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.db_backend.scope import Scope
from tenants.models import Tenant

SettingValue = str | int | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class TenantRef:
    """A tenant as routing, tokens and storage see it."""

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
    """What the workspace decided for itself, by name; hashable, so that it can key a cache."""
    limits: tuple[tuple[str, SettingValue], ...] = ()
    """What platform staff set for it alone (tenants/limits.py)."""
    former_names: tuple[tuple[str, datetime], ...] = ()
    """Labels that it had before, each with the end of its redirect."""

    @property
    def scope(self) -> Scope:
        """The place in the database that belongs to this tenant alone."""
        return Scope(self.schema_name, role=self.schema_name, tenant_id=str(self.id))

    def left(self, name: str) -> datetime | None:
        """Return when the redirect of a former name ends; None for every other name."""
        return dict(self.former_names).get(name)


def ref_of(tenant: Tenant) -> TenantRef:
    """Return the reference of a tenant whose ``domains`` are loaded or can be loaded."""
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
    """Return stored settings as a value that can be hashed and compared."""
    return tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in sorted(stored.items())
    )
