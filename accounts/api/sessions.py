"""Where a person is logged in: listed and ended, one's own or, by who manages, somebody's."""

import uuid
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import current_user
from accounts.models import Session, User
from accounts.permissions import IsTenantUser
from accounts.sessions.expiry import absolute_expiry, session_end
from accounts.sessions.queries import (
    LIVING,
    STATES,
    end_own_session,
    end_sessions_of_user,
    get_own_session,
    user_sessions,
)
from accounts.users.queries import get_user
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.views import ApiView
from core.http.conditional import etag_of_document, require_match, response_with_etag
from core.text.formatting import timestamp

STATE_PARAMETER = OpenApiParameter(
    "state", str, enum=STATES, default=LIVING, description="`ended` ones are kept for 30 days."
)


# What a session looks like to its person and to who manages the workspace.


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField(help_text="The log-in.")
    last_used_at = serializers.DateTimeField(help_text="To the minute.")
    expires_at = serializers.DateTimeField(help_text="It can be refreshed until then.")
    proved_at = serializers.DateTimeField(help_text="When its person last proved who they are.")
    ip = serializers.IPAddressField(allow_null=True, help_text="Of the last use.")
    user_agent = serializers.CharField(allow_blank=True, help_text="Of the last use.")
    current = serializers.BooleanField(help_text="Whether this session asks.")
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.ChoiceField(Session.End.choices, allow_null=True)


LIST_SCHEMA: dict[str, Any] = {
    "parameters": [STATE_PARAMETER],
    "responses": {200: SessionSerializer(many=True)},
}


class LastUsedFirstPagination(KeysetPagination):
    """Pages of sessions."""

    ordering = "-last_used_at"


def _page(view: ApiView, request: Request, user: User) -> Response:
    rows = user_sessions(user, state=request.query_params.get("state", LIVING))
    return view.page(request, rows, lambda row: serialize_session(row, request.auth))


class SessionListView(ApiView):
    """The sessions of the person who asks."""

    permission_classes = (IsTenantUser,)
    pagination_class = LastUsedFirstPagination

    @extend_schema(operation_id="list_sessions", **LIST_SCHEMA)
    def get(self, request: Request) -> Response:
        """List the caller's sessions by page, the one used last first."""
        return _page(self, request, current_user(request))


class SessionDetailView(ApiView):
    """One session of the person who asks."""

    permission_classes = (IsTenantUser,)

    @extend_schema(
        operation_id="read_session",
        parameters=[IF_NONE_MATCH],
        responses={200: SessionSerializer, 304: None},
    )
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Show it, ended or not."""
        row = get_own_session(current_user(request), session_id)
        return response_with_etag(
            request, serialize_session(row, request.auth), session_etag(row, request.auth)
        )

    @extend_schema(
        operation_id="end_session", request=None, parameters=[IF_MATCH], responses={204: None}
    )
    def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        """End it, from the next request on; ending the one that asks is logging out."""
        end_own_session(
            current_user(request),
            session_id,
            check=lambda row: require_match(request, session_etag(row, request.auth)),
        )
        return Response(status=204)


class UserSessionListView(ApiView):
    """The sessions of somebody in the workspace."""

    has_etag = False

    actions = {"GET": "users:read", "DELETE": "users:write"}
    pagination_class = LastUsedFirstPagination

    @extend_schema(operation_id="list_sessions_of_user", **LIST_SCHEMA)
    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        """List a person's sessions by page, the one used last first."""
        return _page(self, request, get_user(user_id))

    @extend_schema(operation_id="end_sessions_of_user", request=None, responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        """End them all, from the next request on. An owner's are ended by owners alone."""
        end_sessions_of_user(user_id, by=current_user(request))
        return Response(status=204)


def serialize_session(session: Session, asking: object) -> dict[str, Any]:
    """Return a session as the API shows it; ``asking`` is what the request was made with."""
    absolute = absolute_expiry(session.created_at)
    ending = session_end(session, timezone.now())
    return {
        "id": str(session.id),
        "created_at": timestamp(session.created_at),
        "last_used_at": timestamp(session.last_used_at),
        "expires_at": timestamp(min(filter(None, (session.expires_at, absolute)))),
        "proved_at": timestamp(session.proved_at),
        "ip": session.ip,
        "user_agent": session.user_agent,
        "current": isinstance(asking, Session) and asking.pk == session.pk,
        "ended_at": timestamp(ending.at) if ending else None,
        "end_reason": ending.reason if ending else None,
    }


def session_etag(session: Session, asking: object) -> str:
    """Return the entity tag of a session as shown; a use that is noted changes it."""
    return etag_of_document(serialize_session(session, asking))
