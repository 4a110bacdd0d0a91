"""Queries for tenants that staff can see. A tenant that is being purged is excluded."""

import uuid

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.api.filters import validate_choice, validate_search
from core.db_backend.scope import PUBLIC, use_scope
from tenants.models import Domain, Tenant
from tenants.problems import TenantNotFound
from tenants.queries import all_tenants
from tenants.states import IN_MAINTENANCE_Q, SCHEDULED_Q, SUSPENDED_Q

ORDERINGS = ("created_at", "name", "updated_at")
STATES = {
    "active": Q(status=Tenant.Status.ACTIVE),
    "suspended": SUSPENDED_Q,
    "scheduled": SCHEDULED_Q,
    "maintenance": IN_MAINTENANCE_Q,
}


def visible_tenants() -> QuerySet[Tenant]:
    """Return every tenant that is not being purged, with its domains and usage."""
    return all_tenants().exclude(status=Tenant.Status.DELETING).select_related("usage")


def find_tenants(*, search: str = "", state: str = "") -> QuerySet[Tenant]:
    """Return tenants whose name or domain contains ``search``, ignoring case.

    Raises: ValidationFailed for an unknown state and for an invalid search.
    """
    wanted, tenants = validate_search(search.strip()), visible_tenants()
    if wanted:
        named = Domain.objects.filter(tenant=OuterRef("pk"), domain__folded_contains=wanted)
        tenants = tenants.filter(Q(name__folded_contains=wanted) | Exists(named))
    return tenants.filter(STATES[validate_choice("status", state, STATES)]) if state else tenants


def visible_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return one tenant, or raise TenantNotFound."""
    with use_scope(PUBLIC):
        tenant = visible_tenants().filter(pk=tenant_id).first()
        if tenant is None:
            raise TenantNotFound("There is no workspace with this id.")
        return tenant
