"""Where a person is logged in: listed and ended, one's own or, by who manages, somebody's."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.session_shapes import SessionShape, session_etag, session_of
from accounts.authentication import person
from accounts.models import User
from accounts.permissions import IsPerson
from accounts.sessions.queries import (
    LIVING,
    STATES,
    end_own,
    end_somebodys,
    own_session,
    sessions_of,
)
from accounts.users.queries import readable_person
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.views import ApiView
from core.http.conditional import require_match, tagged

STATE = OpenApiParameter(
    "state", str, enum=STATES, default=LIVING, description="`ended` ones are kept for 30 days."
)
LIST: dict[str, Any] = {"parameters": [STATE], "responses": {200: SessionShape(many=True)}}


class LastUsedFirst(KeysetPagination):
    """Pages of sessions."""

    ordering = "-last_used_at"


def _page(view: ApiView, request: Request, user: User) -> Response:
    rows = sessions_of(user, state=request.query_params.get("state", LIVING))
    return view.page(request, rows, lambda row: session_of(row, request.auth))


class Sessions(ApiView):
    """The sessions of the person who asks."""

    permission_classes = (IsPerson,)
    pagination_class = LastUsedFirst

    @extend_schema(operation_id="list_sessions", **LIST)
    def get(self, request: Request) -> Response:
        """List the caller's sessions by page, the one used last first."""
        return _page(self, request, person(request))


class OneSession(ApiView):
    """One session of the person who asks."""

    permission_classes = (IsPerson,)

    @extend_schema(
        operation_id="read_session",
        parameters=[IF_NONE_MATCH],
        responses={200: SessionShape, 304: None},
    )
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Show it, ended or not."""
        row = own_session(person(request), session_id)
        return tagged(request, session_of(row, request.auth), session_etag(row, request.auth))

    @extend_schema(
        operation_id="end_session", request=None, parameters=[IF_MATCH], responses={204: None}
    )
    def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        """End it, from the next request on; ending the one that asks is logging out."""
        end_own(
            person(request),
            session_id,
            check=lambda row: require_match(request, session_etag(row, request.auth)),
        )
        return Response(status=204)


class SessionsOfUser(ApiView):
    """The sessions of somebody in the workspace."""

    has_etag = False

    actions = {"GET": "users:read", "DELETE": "users:write"}
    pagination_class = LastUsedFirst

    @extend_schema(operation_id="list_sessions_of_user", **LIST)
    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        """List a person's sessions by page, the one used last first."""
        return _page(self, request, readable_person(user_id))

    @extend_schema(operation_id="end_sessions_of_user", request=None, responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        """End them all, from the next request on. An owner's are ended by owners alone."""
        end_somebodys(user_id, by=person(request))
        return Response(status=204)
