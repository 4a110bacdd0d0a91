"""Endpoints to create, list and revoke shares. Shares are opened in pages/sharing/public.py."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.authentication import current_user
from accounts.models import User
from accounts.permissions import ACTIONS, has_scope
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import ExpiryField, IntegerField, TextField, validated
from core.api.views import ApiView
from core.http.conditional import etag_of_document, require_match, response_with_etag
from core.text.normalization import timestamp, timestamp_or_none
from files.models import Share
from files.shares.passwords import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    hash_share_password,
)
from files.shares.services import (
    MAX_DOWNLOADS,
    create_share,
    readable_share,
    readable_shares,
    require_shareable,
    revoke_share,
    shares_of_file,
    unrevoked_share,
)
from files.shares.tokens import share_url
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import Action, fingerprint_of, idempotent_prepared

READ_SCOPE = ACTIONS["files:read"].scope


class CreateShareSerializer(serializers.Serializer[Any]):
    expires_at = ExpiryField(help_text="Without it the share does not expire.")
    max_downloads = IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MAX_DOWNLOADS,
        help_text="Without it the number is unlimited.",
    )
    password = TextField(
        required=False,
        allow_null=True,
        default=None,
        trim_whitespace=False,
        min_length=MIN_PASSWORD_LENGTH,
        max_length=MAX_PASSWORD_LENGTH,
        help_text="Required to open the link; not required to manage it.",
    )


class ShareSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    file = serializers.UUIDField(help_text="The id of the file.")
    url = serializers.URLField(
        allow_null=True,
        help_text="Null once the share is revoked, and for API keys that may not read files.",
    )
    created_at = serializers.DateTimeField()
    created_by = serializers.UUIDField(help_text="The id of the person who created it.")
    expires_at = serializers.DateTimeField(allow_null=True)
    max_downloads = serializers.IntegerField(allow_null=True)
    downloads = serializers.IntegerField(help_text="How often the link was opened.")
    has_password = serializers.BooleanField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class FileShareListView(ApiView):
    """The shares of one file."""

    actions = {"GET": "shares:read", "POST": "shares:write"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_file_shares", responses={200: ShareSerializer(many=True)})
    def get(self, request: Request, file_id: uuid.UUID) -> Response:
        """List the shares of a file by page, newest first, including revoked ones."""
        return self.page(
            request, shares_of_file(current_user(request), file_id), _serializer_for(request)
        )

    @extend_schema(
        operation_id="share_file",
        request=CreateShareSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ShareSerializer},
    )
    def post(self, request: Request, file_id: uuid.UUID) -> Response:
        """Create a link that opens the file's current content for every client that has it.

        An API key gets the URL only if it has `files:read` too.
        """
        user, fields = current_user(request), validated(CreateShareSerializer, request)
        return idempotent_prepared(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            prepare=lambda: _prepare_share(request, file_id, user, fields),
            recheck=lambda first: unrevoked_share(user, first["id"]),
        )


class ShareListView(ApiView):
    """The shares of every file that the caller may read, including files in the trash."""

    actions = {"GET": "shares:read"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_shares", responses={200: ShareSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List shares by page, newest first, including revoked ones."""
        return self.page(request, readable_shares(current_user(request)), _serializer_for(request))


class ShareDetailView(ApiView):
    """One share."""

    actions = {"GET": "shares:read", "DELETE": "shares:write"}

    @extend_schema(
        operation_id="read_share",
        parameters=[IF_NONE_MATCH],
        responses={200: ShareSerializer, 304: None},
    )
    def get(self, request: Request, share_id: uuid.UUID) -> Response:
        """Return a share and how often it was opened."""
        document = _serializer_for(request)(readable_share(current_user(request), share_id))
        response = response_with_etag(request, document, etag_of_document(document))
        response["Cache-Control"] = "no-store"  # the link works for every client that has it
        return response

    @extend_schema(operation_id="revoke_share", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, share_id: uuid.UUID) -> Response:
        """Revoke a share for ever, at once. Repeating it changes nothing."""
        serialize = _serializer_for(request)
        revoke_share(
            share_id,
            user=current_user(request),
            check=lambda row: require_match(request, etag_of_document(serialize(row))),
        )
        return Response(status=204)


def serialize_share(share: Share, *, with_url: bool) -> dict[str, Any]:
    """Return a share as the API represents it to users who may manage it.

    ``with_url`` is for callers that may read the file, because the URL gives access to it.
    """
    return {
        "id": str(share.id),
        "file": str(share.file_id),
        "url": share_url(share) if with_url else None,
        "created_at": timestamp(share.created_at),
        "created_by": str(share.created_by_id),
        "expires_at": timestamp_or_none(share.expires_at),
        "max_downloads": share.max_downloads,
        "downloads": share.downloads,
        "has_password": bool(share.password),
        "revoked_at": timestamp_or_none(share.revoked_at),
    }


def _serializer_for(request: Request) -> Callable[[Share], dict[str, Any]]:
    return partial(serialize_share, with_url=has_scope(request.auth, READ_SCOPE))


def _prepare_share(
    request: Request, file_id: uuid.UUID, user: User, fields: dict[str, Any]
) -> Action:
    require_shareable(file_id, user=user)
    hashed_fields = {**fields, "password": hash_share_password(fields["password"])}
    return lambda: _create_share(request, file_id, user, hashed_fields)


def _create_share(
    request: Request, file_id: uuid.UUID, user: User, fields: dict[str, Any]
) -> Response:
    share = create_share(file_id, user=user, **fields)
    location = reverse("share", kwargs={"share_id": share.id})
    document = _serializer_for(request)(share)
    headers = {
        "Location": location,
        "ETag": etag_of_document(document),
        "Cache-Control": "no-store",
    }
    return Response(document, status=201, headers=headers)
