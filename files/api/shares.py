"""Links to files: made, listed, revoked. They are opened elsewhere (pages/shares.py)."""

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
from core.api.fields import IntegerField, TextField, TimestampField
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import validate_future, validated
from core.api.views import ApiView
from core.http.conditional import etag_of_document, require_match, response_with_etag
from core.text.formatting import timestamp, timestamp_or_none
from files.models import Share
from files.shares.passwords import hash_share_password
from files.shares.services import (
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


MAX_DOWNLOADS = 1_000_000


# What requests and answers about links look like. Shapes only; the rules live elsewhere.


class CreateShareSerializer(serializers.Serializer[Any]):
    expires_at = TimestampField(
        required=False,
        allow_null=True,
        default=None,
        validators=[validate_future],
        help_text="Never without one.",
    )
    max_downloads = IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MAX_DOWNLOADS,
        help_text="As often as anybody likes without one.",
    )
    password = TextField(
        required=False,
        allow_null=True,
        default=None,
        trim_whitespace=False,
        min_length=4,
        max_length=256,
        help_text="Asked of whoever opens the link; not of those who made it.",
    )


class ShareSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    file = serializers.UUIDField(help_text="The id of the file.")
    url = serializers.URLField(
        allow_null=True,
        help_text="Null once it is revoked, and for API keys that may not read files.",
    )
    created_at = serializers.DateTimeField()
    created_by = serializers.UUIDField(help_text="The id of the person who made it.")
    expires_at = serializers.DateTimeField(allow_null=True)
    max_downloads = serializers.IntegerField(allow_null=True)
    downloads = serializers.IntegerField(help_text="How often it was opened.")
    has_password = serializers.BooleanField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class FileShareListView(ApiView):
    """The links to one file."""

    actions = {"GET": "shares:read", "POST": "shares:write"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_file_shares", responses={200: ShareSerializer(many=True)})
    def get(self, request: Request, file_id: uuid.UUID) -> Response:
        """List the links to a file by page, newest first, revoked ones too."""
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
        """Make a link that opens the file's current content to whoever has it.

        An API key is shown the address if it has `files:read` too.
        """
        user, fields = current_user(request), validated(CreateShareSerializer, request)
        return idempotent_prepared(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            prepare=lambda: _prepare_share(request, file_id, user, fields),
            recheck=lambda first: unrevoked_share(user, first["id"]),
        )


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
    where = reverse("share", kwargs={"share_id": share.id})
    document = _serializer_for(request)(share)
    headers = {
        "Location": where,
        "ETag": etag_of_document(document),
        "Cache-Control": "no-store",
    }
    return Response(document, status=201, headers=headers)


class ShareListView(ApiView):
    """The links to every file that the caller may see, in the trash too."""

    actions = {"GET": "shares:read"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_shares", responses={200: ShareSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List links by page, newest first, revoked ones too."""
        return self.page(request, readable_shares(current_user(request)), _serializer_for(request))


class ShareDetailView(ApiView):
    """One link."""

    actions = {"GET": "shares:read", "DELETE": "shares:write"}

    @extend_schema(
        operation_id="read_share",
        parameters=[IF_NONE_MATCH],
        responses={200: ShareSerializer, 304: None},
    )
    def get(self, request: Request, share_id: uuid.UUID) -> Response:
        """Show a link and how often it was opened."""
        document = _serializer_for(request)(readable_share(current_user(request), share_id))
        response = response_with_etag(request, document, etag_of_document(document))
        response["Cache-Control"] = "no-store"  # the link works for whoever has it
        return response

    @extend_schema(operation_id="revoke_share", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, share_id: uuid.UUID) -> Response:
        """End a link at once and for ever; repeating it changes nothing."""
        shape = _serializer_for(request)
        revoke_share(
            share_id,
            user=current_user(request),
            check=lambda row: require_match(request, etag_of_document(shape(row))),
        )
        return Response(status=204)


def serialize_share(share: Share, *, with_url: bool) -> dict[str, Any]:
    """Return a link as the API shows it to those who may manage it.

    ``with_url`` is for those who may read the file: whoever has the address can.
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
