"""API of sessions: the caller's own, and those of other users for managers."""

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
    ACTIVE,
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
from core.text.normalization import timestamp

STATE_PARAMETER = OpenApiParameter(
    "state", str, enum=STATES, default=ACTIVE, description="`ended` ones are kept for 30 days."
)


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField(help_text="The time of the log-in.")
    last_used_at = serializers.DateTimeField(help_text="Accurate to the minute.")
    expires_at = serializers.DateTimeField(help_text="The session can be refreshed until then.")
    proved_at = serializers.DateTimeField(
        help_text="The last authentication with password or code."
    )
    ip = serializers.IPAddressField(allow_null=True, help_text="Of the last use.")
    user_agent = serializers.CharField(allow_blank=True, help_text="Of the last use.")
    current = serializers.BooleanField(help_text="Whether the request belongs to this session.")
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.ChoiceField(Session.End.choices, allow_null=True)


LIST_SCHEMA: dict[str, Any] = {
    "parameters": [STATE_PARAMETER],
    "responses": {200: SessionSerializer(many=True)},
}


def serialize_session(session: Session, auth: object) -> dict[str, Any]:
    """Return a session as the API shows it; ``auth`` is the credential of the request."""
    absolute = absolute_expiry(session.created_at)
    end = session_end(session, timezone.now())
    return {
        "id": str(session.id),
        "created_at": timestamp(session.created_at),
        "last_used_at": timestamp(session.last_used_at),
        "expires_at": timestamp(min(filter(None, (session.expires_at, absolute)))),
        "proved_at": timestamp(session.proved_at),
        "ip": session.ip,
        "user_agent": session.user_agent,
        "current": isinstance(auth, Session) and auth.pk == session.pk,
        "ended_at": timestamp(end.at) if end else None,
        "end_reason": end.reason if end else None,
    }


def session_etag(session: Session, auth: object) -> str:
    """Return the entity tag of a session. A recorded use changes it."""
    return etag_of_document(serialize_session(session, auth))


class LastUsedFirstPagination(KeysetPagination):
    """Pages of sessions, last used first."""

    ordering = "-last_used_at"


def _page(view: ApiView, request: Request, user: User) -> Response:
    rows = user_sessions(user, state=request.query_params.get("state", ACTIVE))
    return view.page(request, rows, lambda row: serialize_session(row, request.auth))


class SessionListView(ApiView):
    """The caller's sessions."""

    permission_classes = (IsTenantUser,)
    pagination_class = LastUsedFirstPagination

    @extend_schema(operation_id="list_sessions", **LIST_SCHEMA)
    def get(self, request: Request) -> Response:
        """List the caller's sessions by page, last used first."""
        return _page(self, request, current_user(request))


class SessionDetailView(ApiView):
    """One of the caller's sessions."""

    permission_classes = (IsTenantUser,)

    @extend_schema(
        operation_id="read_session",
        parameters=[IF_NONE_MATCH],
        responses={200: SessionSerializer, 304: None},
    )
    def get(self, request: Request, session_id: uuid.UUID) -> Response:
        """Show a session, active or ended."""
        row = get_own_session(current_user(request), session_id)
        return response_with_etag(
            request, serialize_session(row, request.auth), session_etag(row, request.auth)
        )

    @extend_schema(
        operation_id="end_session", request=None, parameters=[IF_MATCH], responses={204: None}
    )
    def delete(self, request: Request, session_id: uuid.UUID) -> Response:
        """End a session from the next request on. Ending the current one is a log-out."""
        end_own_session(
            current_user(request),
            session_id,
            check=lambda row: require_match(request, session_etag(row, request.auth)),
        )
        return Response(status=204)


class UserSessionListView(ApiView):
    """The sessions of a user."""

    has_etag = False

    actions = {"GET": "users:read", "DELETE": "users:write"}
    pagination_class = LastUsedFirstPagination

    @extend_schema(operation_id="list_sessions_of_user", **LIST_SCHEMA)
    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        """List a user's sessions by page, last used first."""
        return _page(self, request, get_user(user_id))

    @extend_schema(operation_id="end_sessions_of_user", request=None, responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        """End all sessions of a user from the next request on. An owner's: by owners only."""
        end_sessions_of_user(user_id, by=current_user(request))
        return Response(status=204)
