"""Tenants: found, opened, looked at, changed, and put on the way to their deletion."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import checked_ordering
from core.api.openapi import IF_MATCH, IF_NONE_MATCH, ordering_by, search_for
from core.api.pagination import KeysetPagination
from core.api.serializers import checked_fields, parsed
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once
from staff.api.base import ADD, CHANGE, DELETE, VIEW, StaffView, acted, matching, shown
from staff.api.documents import tenant_of
from staff.api.serializers import (
    ChangeTenantRequest,
    DeleteRequest,
    NewTenantRequest,
    NewTenantShape,
    TenantShape,
)
from staff.authentication import asking
from staff.queries import ORDERINGS, STATES, find_tenants, shown_tenant
from staff.tenant_services import change_tenant, open_tenant
from tenants.lifecycle import schedule_deletion

LISTING = [
    search_for("A part of the name or of a domain."),
    OpenApiParameter("status", str, enum=list(STATES)),
    ordering_by(ORDERINGS),
]


class Tenants(StaffView):
    """Every tenant that is not being purged."""

    rights = {"GET": VIEW, "POST": ADD}
    pagination_class = KeysetPagination

    @extend_schema(
        operation_id="list_tenants", parameters=LISTING, responses={200: TenantShape(many=True)}
    )
    def get(self, request: Request) -> Response:
        """List tenants by page."""
        asked = request.query_params
        ordering = checked_ordering(asked.get("ordering", ""), ORDERINGS)
        found = find_tenants(search=asked.get("search", ""), state=asked.get("status", ""))
        return self.page(request, found, tenant_of, ordering=ordering)

    @extend_schema(
        operation_id="open_tenant",
        request=NewTenantRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: NewTenantShape},
    )
    def post(self, request: Request) -> Response:
        """Open a tenant; it can be used when the answer comes."""
        fields = parsed(NewTenantRequest, request)
        return once(
            request,
            caller=f"staff:{asking(request).id}",
            fingerprint=fingerprint_of(request.data),
            act=lambda: _opened(request, fields),
        )


def _opened(request: Request, fields: dict[str, Any]) -> Response:
    email = fields.get("owner_email", "")
    tenant, password = open_tenant(
        name=fields.get("name") or fields["company"],
        subdomain=fields["subdomain"],
        registration=fields.get("registration", "closed"),
        owner_email=email,
        actor=asking(request),
    )
    owner = {"owner": {"email": email, "password": password}} if password else {}
    response = shown(request, tenant, 201, **owner)
    response["Location"] = f"/api/tenants/{tenant.id}"
    response["Cache-Control"] = "no-store"  # it may hold a password
    return response


class OneTenant(StaffView):
    """One tenant."""

    rights = {"GET": VIEW, "PATCH": CHANGE, "DELETE": DELETE}

    @extend_schema(
        operation_id="read_tenant",
        parameters=[IF_NONE_MATCH],
        responses={200: TenantShape, 304: None},
    )
    def get(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Show a tenant."""
        return shown(request, shown_tenant(tenant_id))

    @extend_schema(
        operation_id="change_tenant",
        request=ChangeTenantRequest,
        parameters=[IF_MATCH],
        responses=TenantShape,
    )
    def patch(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Change the name, who may join, what may be kept, and the subdomain."""
        changes = parsed(ChangeTenantRequest, request, partial=True)
        return acted(
            request,
            tenant_id,
            lambda pk, actor: change_tenant(pk, changes, actor=actor),
            check=matching(request),
        )

    @extend_schema(
        operation_id="delete_tenant",
        request=None,
        parameters=[IF_MATCH, DeleteRequest],
        responses={202: TenantShape},
    )
    def delete(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Stop serving the tenant now and purge it after `days`; until then it can be called off.

        The fields may come in the query or in a JSON body. Asking again changes nothing.
        """
        fields = checked_fields(DeleteRequest, _query_or_body(request))
        days, export = fields.get("days"), fields["export"]
        return acted(
            request,
            tenant_id,
            lambda pk, actor: schedule_deletion(pk, days=days, export=export, actor=actor),
            check=matching(request),
            status=202,
        )


def _query_or_body(request: Request) -> Any:
    if not isinstance(request.data, dict):
        return request.data
    return {**request.data, **request.query_params.dict()}
