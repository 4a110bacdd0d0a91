"""The base of views of the staff API, and responses with a tenant."""

import uuid
from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from audit.services import Actor
from core.api.views import ApiView
from core.http.conditional import require_match, response_with_etag
from staff.api.serializers import serialize_tenant, tenant_etag
from staff.authentication import HasStaffPermission, StaffAuthentication, api_actor
from staff.tenant_services import TenantCheck, apply_to_tenant
from tenants.models import Tenant

VIEW, ADD = "tenants.view_tenant", "tenants.add_tenant"
CHANGE, DELETE = "tenants.change_tenant", "tenants.delete_tenant"


class StaffView(ApiView):
    """A view for staff; ``rights`` names the permission for each method."""

    authentication_classes = (StaffAuthentication,)
    permission_classes = (HasStaffPermission,)
    rights: dict[str, str] = {}


def tenant_response(request: Request, tenant: Tenant, status: int = 200, **more: Any) -> Response:
    """Return a tenant with its entity tag, or 304 if If-None-Match matches."""
    return response_with_etag(
        request, {**serialize_tenant(tenant), **more}, tenant_etag(tenant), status
    )


def if_match_check(request: Request) -> TenantCheck:
    """Return a check that raises PreconditionFailed unless If-Match matches the locked tenant."""
    return lambda tenant: require_match(request, tenant_etag(tenant))


def no_check(tenant: Tenant) -> None:
    """Accept every version of the tenant."""


def apply_and_respond(
    request: Request,
    tenant_id: uuid.UUID,
    service: Callable[[uuid.UUID, Actor], Any],
    *,
    check: TenantCheck = no_check,
    status: int = 200,
) -> Response:
    """Run a service on a tenant after ``check``; return the changed tenant."""
    actor = api_actor(request)
    return tenant_response(
        request, apply_to_tenant(tenant_id, lambda pk: service(pk, actor), check), status
    )
