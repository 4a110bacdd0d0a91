"""What the views of the staff API have in common."""

import uuid
from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from audit.services import Actor
from core.api.views import ApiView
from core.http.conditional import require_match, tagged
from staff.api.documents import tenant_etag, tenant_of
from staff.authentication import MayAsStaff, StaffAuthentication, asking
from staff.tenant_services import Check, act_on
from tenants.models import Tenant

VIEW, ADD = "tenants.view_tenant", "tenants.add_tenant"
CHANGE, DELETE = "tenants.change_tenant", "tenants.delete_tenant"


class StaffView(ApiView):
    """A view for staff; ``rights`` names the permission that each method takes."""

    authentication_classes = (StaffAuthentication,)
    permission_classes = (MayAsStaff,)
    rights: dict[str, str] = {}


def shown(request: Request, tenant: Tenant, status: int = 200, **more: Any) -> Response:
    """Return a tenant with its entity tag, or 304 if the client has it."""
    return tagged(request, {**tenant_of(tenant), **more}, tenant_etag(tenant), status)


def matching(request: Request) -> Check:
    """Return a check that raises PreconditionFailed unless If-Match fits the locked tenant."""
    return lambda tenant: require_match(request, tenant_etag(tenant))


def unconditional(tenant: Tenant) -> None:
    """Let every version of the tenant pass."""


def acted(
    request: Request,
    tenant_id: uuid.UUID,
    act: Callable[[uuid.UUID, Actor], Any],
    *,
    check: Check = unconditional,
    status: int = 200,
) -> Response:
    """Let who asks do something to a tenant that ``check`` passes; return the tenant after it."""
    actor = asking(request)
    return shown(request, act_on(tenant_id, lambda pk: act(pk, actor), check), status)
