"""The new tenant that an archive or a clone goes into: made off the air, found again later."""

import uuid

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
    reason: Tenant.Maintenance,
    note: str,
    actor: Actor,
    cloned_from: uuid.UUID | None = None,
) -> Tenant:
    """Make a tenant that nobody is served by yet, or return the one that a former run made.

    ``note`` is what a former run for the same thing has left. Raises ArchiveError when the name is
    somebody else's, ValidationFailed.
    """
    with use_scope(PUBLIC):
        try:
            found = tenant_by_slug(slug)
        except TenantNotFound:
            with transaction.atomic():  # it is never served empty
                return _create_target(slug, name, registration, reason, note, actor, cloned_from)
    if (found.maintenance, found.maintenance_note) != (reason, note):
        raise ArchiveError(f"There is a tenant {slug!r} already.")
    return found


def require_unfinished(tenant: Tenant) -> None:
    """Raise ArchiveError when another run has finished since the tenant was found."""
    with use_scope(PUBLIC):
        now = Tenant.objects.filter(pk=tenant.pk, maintenance_note=tenant.maintenance_note)
        if not now.filter(maintenance=tenant.maintenance).exists():
            raise ArchiveError("Another run has finished it meanwhile.")


def _create_target(
    slug: str,
    name: str,
    registration: str,
    reason: Tenant.Maintenance,
    note: str,
    actor: Actor,
    cloned_from: uuid.UUID | None,
) -> Tenant:
    known = registration in Tenant.Registration.values
    ref = create_tenant(
        name=name,
        subdomain=slug,
        actor=actor,
        registration=registration if known else Tenant.Registration.CLOSED,
    )
    Tenant.objects.filter(pk=ref.id).update(cloned_from=cloned_from)
    return begin_maintenance(ref.id, reason, actor=actor, note=note)
