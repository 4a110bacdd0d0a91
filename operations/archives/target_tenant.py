"""The new tenant of an import or clone: created in maintenance, found again by the next run."""

import uuid
from typing import Any

from django.db import transaction

from audit.services import Actor
from core.db_backend.scope import PUBLIC, use_scope
from operations.errors import ArchiveError
from tenants.lifecycle import begin_maintenance
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import tenant_by_slug
from tenants.services import create_tenant


def create_or_resume_tenant(
    *,
    slug: str,
    name: str,
    registration: str,
    preferences: dict[str, Any],
    reason: Tenant.Maintenance,
    note: str,
    actor: Actor,
    cloned_from: uuid.UUID | None = None,
) -> Tenant:
    """Create a tenant in maintenance, or return the one of an interrupted run.

    ``preferences`` are its first settings: default language, time zone, logo and colour. ``note``
    identifies the run.

    Raises: ArchiveError if the subdomain belongs to another tenant, ValidationFailed.
    """
    with use_scope(PUBLIC):
        try:
            found = tenant_by_slug(slug)
        except TenantNotFound:
            with transaction.atomic():  # so that it is never served empty
                ref = create_tenant(
                    name=name, subdomain=slug, actor=actor, registration=_known(registration)
                )
                rows = Tenant.objects.filter(pk=ref.id)
                rows.update(cloned_from=cloned_from, settings=preferences)
                return begin_maintenance(ref.id, reason, actor=actor, note=note)
    if (found.maintenance, found.maintenance_note) != (reason, note):
        raise ArchiveError(f"There is a tenant {slug!r} already.")
    return found


def require_unfinished(tenant: Tenant) -> None:
    """Raise ArchiveError if another run has finished the tenant."""
    with use_scope(PUBLIC):
        now = Tenant.objects.filter(pk=tenant.pk, maintenance_note=tenant.maintenance_note)
        if not now.filter(maintenance=tenant.maintenance).exists():
            raise ArchiveError("Another run has finished it meanwhile.")


def _known(registration: str) -> str:
    is_known = registration in Tenant.Registration.values
    return registration if is_known else Tenant.Registration.CLOSED
