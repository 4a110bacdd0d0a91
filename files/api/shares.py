"""Links to files: made, listed, revoked. They are opened elsewhere (pages/shares.py)."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.actions import ACTIONS
from accounts.authentication import person
from accounts.models import User
from accounts.permissions import has_scope
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import parsed
from core.api.views import ApiView
from core.http.conditional import etag_of_document, require_match, tagged
from files.api.share_shapes import NewShareRequest, ShareShape, share_of
from files.models import Share
from files.shares.passwords import hashed
from files.shares.queries import (
    readable_share,
    readable_shares,
    shares_of_file,
    unrevoked_share,
)
from files.shares.services import require_shareable, revoke_share, share_file
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import Act, fingerprint_of, once_prepared

READ = ACTIONS["files:read"].scope


class FileShares(ApiView):
    """The links to one file."""

    actions = {"GET": "shares:read", "POST": "shares:write"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_file_shares", responses={200: ShareShape(many=True)})
    def get(self, request: Request, file_id: uuid.UUID) -> Response:
        """List the links to a file by page, newest first, revoked ones too."""
        return self.page(request, shares_of_file(person(request), file_id), _shape_for(request))

    @extend_schema(
        operation_id="share_file",
        request=NewShareRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: ShareShape},
    )
    def post(self, request: Request, file_id: uuid.UUID) -> Response:
        """Make a link that opens the file's current content to whoever has it.

        An API key is shown the address if it has `files:read` too.
        """
        user, fields = person(request), parsed(NewShareRequest, request)
        return once_prepared(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            prepare=lambda: _with_hash(request, file_id, user, fields),
            recheck=lambda first: unrevoked_share(user, first["id"]),
        )


def _shape_for(request: Request) -> Callable[[Share], dict[str, Any]]:
    return partial(share_of, with_url=has_scope(request.auth, READ))


def _with_hash(request: Request, file_id: uuid.UUID, user: User, fields: dict[str, Any]) -> Act:
    require_shareable(file_id, user=user)
    hashed_fields = {**fields, "password": hashed(fields["password"])}
    return lambda: _shared(request, file_id, user, hashed_fields)


def _shared(request: Request, file_id: uuid.UUID, user: User, fields: dict[str, Any]) -> Response:
    share = share_file(file_id, user=user, **fields)
    where = reverse("share", kwargs={"share_id": share.id})
    document = _shape_for(request)(share)
    headers = {
        "Location": where,
        "ETag": etag_of_document(document),
        "Cache-Control": "no-store",
    }
    return Response(document, status=201, headers=headers)


class Shares(ApiView):
    """The links to every file that the caller may see, in the trash too."""

    actions = {"GET": "shares:read"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_shares", responses={200: ShareShape(many=True)})
    def get(self, request: Request) -> Response:
        """List links by page, newest first, revoked ones too."""
        return self.page(request, readable_shares(person(request)), _shape_for(request))


class OneShare(ApiView):
    """One link."""

    actions = {"GET": "shares:read", "DELETE": "shares:write"}

    @extend_schema(
        operation_id="read_share",
        parameters=[IF_NONE_MATCH],
        responses={200: ShareShape, 304: None},
    )
    def get(self, request: Request, share_id: uuid.UUID) -> Response:
        """Show a link and how often it was opened."""
        document = _shape_for(request)(readable_share(person(request), share_id))
        response = tagged(request, document, etag_of_document(document))
        response["Cache-Control"] = "no-store"  # the link works for whoever has it
        return response

    @extend_schema(operation_id="revoke_share", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, share_id: uuid.UUID) -> Response:
        """End a link at once and for ever; repeating it changes nothing."""
        shape = _shape_for(request)
        revoke_share(
            share_id,
            user=person(request),
            check=lambda row: require_match(request, etag_of_document(shape(row))),
        )
        return Response(status=204)
