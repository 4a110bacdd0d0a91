"""Views of tenants: list, create, read, change, suspend, delete, rotate the key."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import ordering_parameter, search_parameter, validate_ordering
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import validated, validated_data
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent
from staff.api.base import (
    ADD,
    CHANGE,
    DELETE,
    VIEW,
    StaffView,
    apply_and_respond,
    if_match_check,
    tenant_response,
)
from staff.api.serializers import (
    ChangeTenantRequestSerializer,
    DeleteRequestSerializer,
    NewTenantRequestSerializer,
    NewTenantSerializer,
    SuspendRequestSerializer,
    TenantSerializer,
    serialize_tenant,
)
from staff.authentication import api_actor
from staff.queries import ORDERINGS, STATES, find_tenants, visible_tenant
from staff.tenant_services import (
    change_tenant,
    create_tenant_with_owner,
    resume_and_cancel_deletion,
)
from tenants.lifecycle import cancel_deletion, schedule_deletion, suspend_tenant
from tenants.services import rotate_key

LIST_PARAMETERS = [
    search_parameter("A part of the name or of a domain."),
    OpenApiParameter("status", str, enum=list(STATES)),
    ordering_parameter(ORDERINGS),
]


class Tenants(StaffView):
    """Every tenant that is not being purged."""

    rights = {"GET": VIEW, "POST": ADD}
    pagination_class = KeysetPagination

    @extend_schema(
        operation_id="list_tenants",
        parameters=LIST_PARAMETERS,
        responses={200: TenantSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """List tenants by page."""
        asked = request.query_params
        ordering = validate_ordering(asked.get("ordering", ""), ORDERINGS)
        found = find_tenants(search=asked.get("search", ""), state=asked.get("status", ""))
        return self.page(request, found, serialize_tenant, ordering=ordering)

    @extend_schema(
        operation_id="open_tenant",
        request=NewTenantRequestSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: NewTenantSerializer},
    )
    def post(self, request: Request) -> Response:
        """Create a tenant; it is ready when the response arrives."""
        fields = validated(NewTenantRequestSerializer, request)
        return idempotent(
            request,
            caller=f"staff:{api_actor(request).id}",
            fingerprint=fingerprint_of(request.data),
            action=lambda: _created_response(request, fields),
        )


class OneTenant(StaffView):
    """One tenant."""

    rights = {"GET": VIEW, "PATCH": CHANGE, "DELETE": DELETE}

    @extend_schema(
        operation_id="read_tenant",
        parameters=[IF_NONE_MATCH],
        responses={200: TenantSerializer, 304: None},
    )
    def get(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Return a tenant."""
        return tenant_response(request, visible_tenant(tenant_id))

    @extend_schema(
        operation_id="change_tenant",
        request=ChangeTenantRequestSerializer,
        parameters=[IF_MATCH],
        responses=TenantSerializer,
    )
    def patch(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Change name, registration, limits and subdomain."""
        changes = validated(ChangeTenantRequestSerializer, request, partial=True)
        return apply_and_respond(
            request,
            tenant_id,
            lambda pk, actor: change_tenant(pk, changes, actor=actor),
            check=if_match_check(request),
        )

    @extend_schema(
        operation_id="delete_tenant",
        request=None,
        parameters=[IF_MATCH, DeleteRequestSerializer],
        responses={202: TenantSerializer},
    )
    def delete(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Stop serving the tenant now, and purge it after `days`; until then it can be cancelled.

        The fields may come in the query or in a JSON body. Asking again changes nothing.
        """
        fields = validated_data(DeleteRequestSerializer, _query_or_body(request))
        days, export = fields.get("days"), fields["export"]
        return apply_and_respond(
            request,
            tenant_id,
            lambda pk, actor: schedule_deletion(pk, days=days, export=export, actor=actor),
            check=if_match_check(request),
            status=202,
        )


class Suspend(StaffView):
    """Suspends a tenant: every request to it is refused."""

    rights = {"POST": CHANGE}

    @extend_schema(
        operation_id="suspend_tenant", request=SuspendRequestSerializer, responses=TenantSerializer
    )
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Suspend the tenant. Repeating it changes nothing, not even the reason."""
        reason = validated(SuspendRequestSerializer, request)["reason"]
        return apply_and_respond(
            request, tenant_id, lambda pk, actor: suspend_tenant(pk, actor=actor, reason=reason)
        )


class Resume(StaffView):
    """Resumes a tenant."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="resume_tenant", request=None, responses=TenantSerializer)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """End a suspension, and cancel a scheduled deletion."""
        return apply_and_respond(
            request, tenant_id, lambda pk, actor: resume_and_cancel_deletion(pk, actor=actor)
        )


class CancelDeletion(StaffView):
    """Cancels a scheduled deletion."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="cancel_deletion", request=None, responses=TenantSerializer)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Cancel the deletion; a suspended tenant stays suspended."""
        return apply_and_respond(
            request, tenant_id, lambda pk, actor: cancel_deletion(pk, actor=actor)
        )


class RotateKey(StaffView):
    """Changes the signing key of a tenant."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="rotate_tenant_key", request=None, responses=TenantSerializer)
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Change the signing key, which ends all tokens: all users must log in again."""
        return apply_and_respond(request, tenant_id, lambda pk, actor: rotate_key(pk, actor=actor))


def _created_response(request: Request, fields: dict[str, Any]) -> Response:
    email = fields.get("owner_email", "")
    tenant, password = create_tenant_with_owner(
        name=fields.get("name") or fields["company"],
        subdomain=fields["subdomain"],
        registration=fields.get("registration", "closed"),
        owner_email=email,
        actor=api_actor(request),
    )
    owner = {"owner": {"email": email, "password": password}} if password else {}
    response = tenant_response(request, tenant, 201, **owner)
    response["Location"] = f"/api/tenants/{tenant.id}"
    response["Cache-Control"] = "no-store"  # it may hold a password
    return response


def _query_or_body(request: Request) -> Any:
    if not isinstance(request.data, dict):
        return request.data
    return {**request.data, **request.query_params.dict()}
