"""The workspace of who asks."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.own_tenant_serializers import (
    ChangeWorkspaceRequest,
    DeleteWorkspaceRequest,
    LeavingShape,
    WorkspaceShape,
    held_of,
    leaving_of,
    workspace_etag,
    workspace_of,
)
from accounts.authentication import person
from accounts.own_tenant.services import (
    Check,
    change_workspace,
    delete_workspace,
    own_tenant,
    own_usage,
)
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.serializers import checked_fields, parsed
from core.api.views import ApiView
from core.http.conditional import require_match, tagged
from tenants.models import Tenant


class Workspace(ApiView):
    """The workspace of who asks."""

    actions = {"GET": "tenant:read", "PATCH": "tenant:write", "DELETE": "tenant:delete"}

    @extend_schema(
        operation_id="read_workspace",
        parameters=[IF_NONE_MATCH],
        responses={200: WorkspaceShape, 304: None},
    )
    def get(self, request: Request) -> Response:
        """Show the workspace, what it holds and what applies to it."""
        return _shown(request, own_tenant())

    @extend_schema(
        operation_id="change_workspace",
        request=ChangeWorkspaceRequest,
        parameters=[IF_MATCH],
        responses=WorkspaceShape,
    )
    def patch(self, request: Request) -> Response:
        """Change the name, who may join, and single settings.

        What protects less than before asks for a recent proof of who asks.
        """
        changes = parsed(ChangeWorkspaceRequest, request, partial=True)
        tenant = change_workspace(actor=person(request), changes=changes, check=_matching(request))
        return _shown(request, tenant)

    @extend_schema(
        operation_id="delete_workspace",
        request=None,
        parameters=[IF_MATCH, DeleteWorkspaceRequest],
        responses={202: LeavingShape},
    )
    def delete(self, request: Request) -> Response:
        """Stop serving the workspace now and purge it after the days of grace.

        `confirm` may come in the query or in a JSON body. Asks for a recent proof of who asks.
        Until the day that is named the platform's staff can call it off.
        """
        confirm = checked_fields(DeleteWorkspaceRequest, _query_or_body(request))["confirm"]
        tenant = delete_workspace(actor=person(request), confirm=confirm, check=_matching(request))
        return Response(leaving_of(tenant), status=202)


def _shown(request: Request, tenant: Tenant) -> Response:
    document = {**workspace_of(tenant), "usage": held_of(own_usage(tenant))}
    return tagged(request, document, workspace_etag(tenant))


def _matching(request: Request) -> Check:
    return lambda tenant: require_match(request, workspace_etag(tenant))


def _query_or_body(request: Request) -> Any:
    if not isinstance(request.data, dict):
        return request.data
    return {**request.data, **request.query_params.dict()}
