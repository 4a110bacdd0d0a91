"""API keys of the workspace: listed, made, revoked."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.api_keys import KeyShape, NewKeyRequest, NewKeyShape, key_etag, key_of
from accounts.api_keys import make_key, readable_key, readable_keys, revoke_key
from accounts.authentication import person
from accounts.models import User
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import parsed
from core.api.views import ApiView
from core.http.conditional import require_match, tagged
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once


class Keys(ApiView):
    """The keys of the workspace that have not been revoked, whoever made them."""

    actions = {"GET": "keys:read", "POST": "keys:create"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_keys", responses={200: KeyShape(many=True)})
    def get(self, request: Request) -> Response:
        """List keys by page, newest first."""
        return self.page(request, readable_keys(), key_of)

    @extend_schema(
        operation_id="make_key",
        request=NewKeyRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: NewKeyShape},
    )
    def post(self, request: Request) -> Response:
        """Make a key that acts as the caller. Asks for a recent proof of who that is."""
        fields, maker = parsed(NewKeyRequest, request), person(request)
        return once(
            request,
            caller=str(maker.id),
            fingerprint=fingerprint_of(request.data),
            act=lambda: _made(fields, maker),
            recheck=lambda first: readable_key(first["id"]),
        )


def _made(fields: dict[str, Any], maker: User) -> Response:
    made = make_key(**fields, actor=maker)
    headers = {
        "Location": f"/api/keys/{made.row.id}",
        "ETag": key_etag(made.row),
        "Cache-Control": "no-store",
    }
    return Response({**key_of(made.row), "key": made.text}, status=201, headers=headers)


class OneKey(ApiView):
    """One key."""

    actions = {"GET": "keys:read", "DELETE": "keys:revoke"}

    @extend_schema(
        operation_id="read_key",
        parameters=[IF_NONE_MATCH],
        responses={200: KeyShape, 304: None},
    )
    def get(self, request: Request, key_id: uuid.UUID) -> Response:
        """Show a key, without the key itself."""
        row = readable_key(key_id)
        return tagged(request, key_of(row), key_etag(row))

    @extend_schema(operation_id="revoke_key", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, key_id: uuid.UUID) -> Response:
        """End a key from the next request on."""
        revoke_key(
            key_id,
            actor=person(request),
            check=lambda row: require_match(request, key_etag(row)),
        )
        return Response(status=204)
