"""The tenants that a run is about, as plain values that can be handed to another process."""

import uuid
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.core.management import CommandError

from core.db_backend.scope import PUBLIC, use_scope
from tenants.models import Tenant
from tenants.schemas.owner import OWNER_ALIAS


@dataclass(frozen=True, slots=True)
class Member:
    """A tenant as the fleet sees it."""

    id: uuid.UUID
    slug: str
    schema: str
    status: str
    maintenance: str = ""

    @property
    def name(self) -> str:
        """What reports call it: the subdomain, or the schema of one that has none."""
        return self.slug or self.schema

    def packed(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "id": str(self.id)}

    @classmethod
    def unpacked(cls, fields: dict[str, Any]) -> Self:
        """Return the member that ``packed`` was made of."""
        return cls(**{**fields, "id": uuid.UUID(fields["id"])})


def list_members(slugs: list[str] | None = None) -> list[Member]:
    """Return the tenants with these subdomains, or all of them, oldest first.

    Raises CommandError that names the ones that there are not.
    """
    with use_scope(PUBLIC):
        rows = (
            Tenant.objects.using(OWNER_ALIAS)
            .prefetch_related("domains")
            .order_by("created_at", "id")
        )
        found = [_member(tenant) for tenant in rows]
    if slugs is None:
        return found
    unknown = sorted(set(slugs) - {member.slug for member in found})
    if unknown:
        raise CommandError(f"There is no tenant {', '.join(unknown)}.")
    return [member for member in found if member.slug in slugs]


def is_deleted(member: Member) -> bool:
    """Tell whether the tenant was deleted, or began to be, since it was listed."""
    with use_scope(PUBLIC):
        status = (
            Tenant.objects.using(OWNER_ALIAS).filter(id=member.id).values_list("status", flat=True)
        )
        return status.first() in {None, Tenant.Status.DELETING}


def _member(tenant: Tenant) -> Member:
    return Member(
        tenant.id, tenant.slug, tenant.schema_name, tenant.status, tenant.maintenance or ""
    )
