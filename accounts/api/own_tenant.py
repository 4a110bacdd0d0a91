"""API of the own tenant: read, changed, deleted, transferred."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.own_tenant_serializers import (
    DeleteOwnTenantSerializer,
    OwnTenantSerializer,
    ScheduledDeletionSerializer,
    TransferOwnershipSerializer,
    UpdateOwnTenantSerializer,
    own_tenant_etag,
    serialize_own_tenant,
    serialize_own_usage,
    serialize_scheduled_deletion,
)
from accounts.api.serializers import UserSerializer, serialize_user
from accounts.authentication import current_user
from accounts.own_tenant.services import (
    Check,
    delete_own_tenant,
    get_own_tenant,
    get_own_usage,
    update_own_tenant,
)
from accounts.users.ownership import transfer_ownership
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.serializers import validated, validated_data
from core.api.views import ApiView
from core.http.conditional import require_match, response_with_etag
from tenants.models import Tenant


class OwnTenantView(ApiView):
    """The caller's workspace."""

    actions = {"GET": "tenant:read", "PATCH": "tenant:write", "DELETE": "tenant:delete"}

    @extend_schema(
        operation_id="read_workspace",
        parameters=[IF_NONE_MATCH],
        responses={200: OwnTenantSerializer, 304: None},
    )
    def get(self, request: Request) -> Response:
        """Show the workspace, its usage, limits and settings."""
        return _tenant_response(request, get_own_tenant())

    @extend_schema(
        operation_id="change_workspace",
        request=UpdateOwnTenantSerializer,
        parameters=[IF_MATCH],
        responses=OwnTenantSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Change the name, the registration mode, and single settings.

        A change that protects less than before needs a recent authentication.
        """
        changes = validated(UpdateOwnTenantSerializer, request, partial=True)
        tenant = update_own_tenant(
            actor=current_user(request), changes=changes, check=_if_match_check(request)
        )
        return _tenant_response(request, tenant)

    @extend_schema(
        operation_id="delete_workspace",
        request=None,
        parameters=[IF_MATCH, DeleteOwnTenantSerializer],
        responses={202: ScheduledDeletionSerializer},
    )
    def delete(self, request: Request) -> Response:
        """Stop serving the workspace now and purge it after the grace period.

        `confirm` may be in the query or in a JSON body. Needs a recent authentication. Until the
        purge the platform's staff can cancel the deletion.
        """
        confirm = validated_data(DeleteOwnTenantSerializer, _query_or_body(request))["confirm"]
        tenant = delete_own_tenant(
            actor=current_user(request), confirm=confirm, check=_if_match_check(request)
        )
        return Response(serialize_scheduled_deletion(tenant), status=202)


def _tenant_response(request: Request, tenant: Tenant) -> Response:
    document = {**serialize_own_tenant(tenant), "usage": serialize_own_usage(get_own_usage(tenant))}
    return response_with_etag(request, document, own_tenant_etag(tenant))


def _if_match_check(request: Request) -> Check:
    return lambda tenant: require_match(request, own_tenant_etag(tenant))


def _query_or_body(request: Request) -> Any:
    if not isinstance(request.data, dict):
        return request.data
    return {**request.data, **request.query_params.dict()}


class OwnershipTransferView(ApiView):
    """Transfer of the ownership."""

    actions = {"POST": "tenant:transfer"}

    @extend_schema(
        operation_id="transfer_tenant",
        request=TransferOwnershipSerializer,
        responses=UserSerializer,
    )
    def post(self, request: Request) -> Response:
        """Make a user an owner and the caller an administrator. Needs a recent authentication."""
        fields = validated(TransferOwnershipSerializer, request)
        return Response(
            serialize_user(transfer_ownership(fields["user_id"], by=current_user(request)))
        )
