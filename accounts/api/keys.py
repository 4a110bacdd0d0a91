"""API keys of the workspace: listed, made, revoked."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.api_keys import (
    ApiKeySerializer,
    CreateApiKeySerializer,
    CreatedApiKeySerializer,
    api_key_etag,
    serialize_api_key,
)
from accounts.api_keys import get_api_key, issue_api_key, revoke_api_key, unrevoked_api_keys
from accounts.authentication import current_user
from accounts.models import User
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import validated
from core.api.views import ApiView
from core.http.conditional import require_match, response_with_etag
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent


class ApiKeyListView(ApiView):
    """The keys of the workspace that have not been revoked, whoever made them."""

    actions = {"GET": "keys:read", "POST": "keys:create"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_keys", responses={200: ApiKeySerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List keys by page, newest first."""
        return self.page(request, unrevoked_api_keys(), serialize_api_key)

    @extend_schema(
        operation_id="make_key",
        request=CreateApiKeySerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: CreatedApiKeySerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a key that acts as the caller. Asks for a recent proof of who that is."""
        fields, maker = validated(CreateApiKeySerializer, request), current_user(request)
        return idempotent(
            request,
            caller=str(maker.id),
            fingerprint=fingerprint_of(request.data),
            act=lambda: _create_api_key(fields, maker),
            recheck=lambda first: get_api_key(first["id"]),
        )


def _create_api_key(fields: dict[str, Any], maker: User) -> Response:
    made = issue_api_key(**fields, actor=maker)
    headers = {
        "Location": f"/api/keys/{made.row.id}",
        "ETag": api_key_etag(made.row),
        "Cache-Control": "no-store",
    }
    return Response({**serialize_api_key(made.row), "key": made.text}, status=201, headers=headers)


class ApiKeyDetailView(ApiView):
    """One key."""

    actions = {"GET": "keys:read", "DELETE": "keys:revoke"}

    @extend_schema(
        operation_id="read_key",
        parameters=[IF_NONE_MATCH],
        responses={200: ApiKeySerializer, 304: None},
    )
    def get(self, request: Request, key_id: uuid.UUID) -> Response:
        """Show a key, without the key itself."""
        row = get_api_key(key_id)
        return response_with_etag(request, serialize_api_key(row), api_key_etag(row))

    @extend_schema(operation_id="revoke_key", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, key_id: uuid.UUID) -> Response:
        """End a key from the next request on."""
        revoke_api_key(
            key_id,
            actor=current_user(request),
            check=lambda row: require_match(request, api_key_etag(row)),
        )
        return Response(status=204)
