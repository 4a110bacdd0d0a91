"""Reading tenants as the staff API shows them. One that is being purged is not there."""

import uuid

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.database.scope import PUBLIC, enter
from core.problems import FieldError, ValidationFailed
from tenants.models import Domain, Tenant
from tenants.problems import TenantNotFound
from tenants.queries import all_tenants
from tenants.states import IN_MAINTENANCE, SCHEDULED, SUSPENDED

ORDERINGS = ("created_at", "name", "updated_at")
NEWEST_FIRST = "-created_at"
LONGEST_SEARCH = 255
_SEARCH = f"Give at most {LONGEST_SEARCH} characters, and no null character."
STATES = {
    "active": Q(status=Tenant.Status.ACTIVE),
    "suspended": SUSPENDED,
    "scheduled": SCHEDULED,
    "maintenance": IN_MAINTENANCE,
}


def shown_tenants() -> QuerySet[Tenant]:
    """Return every tenant that is not being purged, with its domains and usage."""
    return all_tenants().exclude(status=Tenant.Status.DELETING).select_related("usage")


def find_tenants(*, search: str = "", state: str = "") -> QuerySet[Tenant]:
    """Return tenants whose name or domain contains ``search``, without case.

    Raises ValidationFailed for a state that there is not, and a search that nothing could match.
    """
    wanted, tenants = search.strip(), shown_tenants()
    if len(wanted) > LONGEST_SEARCH or "\0" in wanted:
        raise _fault("search", "invalid", _SEARCH)
    if wanted:
        named = Domain.objects.filter(tenant=OuterRef("pk"), domain__icontains=wanted)
        tenants = tenants.filter(Q(name__icontains=wanted) | Exists(named))
    if not state:
        return tenants
    if state not in STATES:
        raise _fault("status", "invalid_choice", f"Use one of {', '.join(STATES)}.")
    return tenants.filter(STATES[state])


def checked_ordering(asked: str) -> str:
    """Return the ordering asked for, newest first if none is. Raises ValidationFailed."""
    if asked and asked.removeprefix("-") not in ORDERINGS:
        names = ", ".join(ORDERINGS)
        raise _fault("ordering", "invalid_choice", f"Order by {names}; - in front reverses.")
    return asked or NEWEST_FIRST


def shown_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return one tenant, or raise TenantNotFound."""
    with enter(PUBLIC):
        tenant = shown_tenants().filter(pk=tenant_id).first()
        if tenant is None:
            raise TenantNotFound("There is no workspace with this id.")
        return tenant


def _fault(field: str, code: str, detail: str) -> ValidationFailed:
    return ValidationFailed(errors=[FieldError(field, code, detail)])
