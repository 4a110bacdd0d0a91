"""The tenants of a run as plain values that can be sent to worker processes."""

import uuid
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.core.management import CommandError

from core.db_backend.scope import PUBLIC, use_scope
from tenants.lookup import tenant_by_name
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.schemas.owner import OWNER_ALIAS


@dataclass(frozen=True, slots=True)
class Member:
    """A tenant in a run."""

    id: uuid.UUID
    slug: str
    schema: str
    status: str
    maintenance: str = ""

    @property
    def name(self) -> str:
        """The name in reports: the subdomain, or the schema if there is none."""
        return self.slug or self.schema

    @property
    def migration_failed(self) -> bool:
        """Whether the tenant was in maintenance for a failed migration when it was listed."""
        return self.maintenance == Tenant.Maintenance.MIGRATION_FAILED

    def to_json(self) -> dict[str, Any]:
        """Return the value as JSON."""
        return {**asdict(self), "id": str(self.id)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Return the member from its JSON."""
        return cls(**{**fields, "id": uuid.UUID(fields["id"])})


def list_members(slugs: list[str] | None = None) -> list[Member]:
    """Return the tenants with these names, or all tenants, oldest first.

    Raises: CommandError for an unknown name.
    """
    with use_scope(PUBLIC):
        rows = Tenant.objects.using(OWNER_ALIAS).order_by("created_at", "id")
        found = [_member(tenant) for tenant in rows.prefetch_related("domains")]
    if slugs is None:
        return found
    ids = {_id_by_name(name, known=found) for name in slugs}
    return [member for member in found if member.id in ids]


def _id_by_name(name: str, *, known: list[Member]) -> uuid.UUID:
    for member in known:
        if member.slug == name:
            return member.id
    try:
        return uuid.UUID(str(tenant_by_name(name).pk))
    except TenantNotFound as exc:
        raise CommandError(exc.detail) from exc


def is_deleted(member: Member) -> bool:
    """Return whether the tenant has been deleted, or its deletion started, since it was listed."""
    with use_scope(PUBLIC):
        rows = Tenant.objects.using(OWNER_ALIAS).filter(id=member.id)
        return rows.values_list("status", flat=True).first() in {None, Tenant.Status.DELETING}


def _member(tenant: Tenant) -> Member:
    return Member(
        tenant.id, tenant.slug, tenant.schema_name, tenant.status, tenant.maintenance or ""
    )
