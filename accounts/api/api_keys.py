"""API of API keys."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_keys import get_api_key, issue_api_key, revoke_api_key, unrevoked_api_keys
from accounts.authentication import current_user
from accounts.models import ApiKey, User
from accounts.permissions import SCOPES
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import (
    ExpiryField,
    IntegerField,
    ListField,
    NameField,
    validated,
)
from core.api.views import ApiView
from core.http.conditional import etag_of_document, require_match, response_with_etag
from core.text.normalization import timestamp, timestamp_or_none
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent

MAX_REQUESTS_PER_MINUTE = 100_000


class CreateApiKeySerializer(serializers.Serializer[Any]):
    name = NameField(max_length=100)
    scopes = ListField(child=serializers.ChoiceField(SCOPES), min_length=1, max_length=len(SCOPES))
    expires_at = ExpiryField(help_text="Without it the key does not expire.")
    requests_per_minute = IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MAX_REQUESTS_PER_MINUTE,
        help_text="Without it the default limit applies.",
    )

    def validate_scopes(self, value: list[str]) -> list[str]:
        """Remove duplicates and sort the scopes in the order of the permission matrix."""
        return [scope for scope in SCOPES if scope in value]


class ApiKeyCreatorSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()


class ApiKeySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    hint = serializers.CharField(help_text="The last characters of the key.")
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    requests_per_minute = serializers.IntegerField(allow_null=True)
    created_by = ApiKeyCreatorSerializer(help_text="The key acts as this person.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="Accurate to the minute.")
    last_used_ip = serializers.IPAddressField(allow_null=True)


class CreatedApiKeySerializer(ApiKeySerializer):
    key = serializers.CharField(help_text="Returned only in this response.")


def serialize_api_key(row: ApiKey) -> dict[str, Any]:
    """Return a key as the API shows it, without its text."""
    return {
        "id": str(row.id),
        "name": row.name,
        "hint": row.hint,
        "scopes": row.scopes,
        "requests_per_minute": row.requests_per_minute,
        "created_by": {"id": str(row.user_id), "email": row.user.email},
        "created_at": timestamp(row.created_at),
        "expires_at": timestamp_or_none(row.expires_at),
        "last_used_at": timestamp_or_none(row.last_used_at),
        "last_used_ip": row.last_used_ip,
    }


def api_key_etag(row: ApiKey) -> str:
    """Return the entity tag of a key. A recorded use changes it."""
    return etag_of_document(serialize_api_key(row))


class ApiKeyListView(ApiView):
    """The API keys of the workspace that are not revoked, of all users."""

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
        """Create a key that acts as the caller. Needs a recent authentication."""
        fields, creator = validated(CreateApiKeySerializer, request), current_user(request)
        return idempotent(
            request,
            caller=str(creator.id),
            fingerprint=fingerprint_of(request.data),
            action=lambda: _create_api_key(fields, creator),
            recheck=lambda first: get_api_key(first["id"]),
        )


def _create_api_key(fields: dict[str, Any], creator: User) -> Response:
    made = issue_api_key(**fields, actor=creator)
    headers = {
        "Location": f"/api/keys/{made.row.id}",
        "ETag": api_key_etag(made.row),
        "Cache-Control": "no-store",
    }
    return Response({**serialize_api_key(made.row), "key": made.text}, status=201, headers=headers)


class ApiKeyDetailView(ApiView):
    """One API key."""

    actions = {"GET": "keys:read", "DELETE": "keys:revoke"}

    @extend_schema(
        operation_id="read_key",
        parameters=[IF_NONE_MATCH],
        responses={200: ApiKeySerializer, 304: None},
    )
    def get(self, request: Request, key_id: uuid.UUID) -> Response:
        """Show a key, without its text."""
        row = get_api_key(key_id)
        return response_with_etag(request, serialize_api_key(row), api_key_etag(row))

    @extend_schema(operation_id="revoke_key", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, key_id: uuid.UUID) -> Response:
        """Revoke a key from the next request on."""
        revoke_api_key(
            key_id,
            actor=current_user(request),
            check=lambda row: require_match(request, api_key_etag(row)),
        )
        return Response(status=204)
