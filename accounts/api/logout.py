"""Logging out: of one session, or of all."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import user_actor
from accounts.api.serializers import LogoutSerializer
from accounts.api.tenant_resolution import resolved_tenant
from accounts.auth.login import log_out
from accounts.authentication import current_user, optional_session
from accounts.permissions import AllowAny, IsTenantUser
from accounts.problems import TokenInvalid
from accounts.sessions.rotation import session_of_refresh_token
from accounts.sessions.services import end_user_sessions
from core.api.serializers import validated
from core.api.views import ApiView
from core.problems import NotAuthenticated

# OpenAPI: the access token, or none where the body holds the refresh token.
EITHER_TOKEN: Any = [{"bearer": []}, {}]


class LogoutView(ApiView):
    """End the session of the given refresh token, or the one that asks."""

    # A dead access token must not stand in the way of ending the session with the refresh token.
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="logout", request=LogoutSerializer, responses={204: None}, auth=EITHER_TOKEN
    )
    def post(self, request: Request) -> Response:
        token = validated(LogoutSerializer, request).get("refresh_token", "")
        here = optional_session(request, lenient=bool(token))
        if not token:
            if here is None:
                raise NotAuthenticated
            log_out(here, actor=here.user)
            return Response(status=204)
        with resolved_tenant(None, token=token):
            named = session_of_refresh_token(token)
            if here is not None and here.user != named.user:
                raise TokenInvalid
            log_out(named, actor=named.user)
        return Response(status=204)


class ShortLogoutView(LogoutView):
    """The same call at a shorter path."""

    @extend_schema(
        operation_id="logout_short",
        request=LogoutSerializer,
        responses={204: None},
        auth=EITHER_TOKEN,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class LogoutAllView(ApiView):
    """End every session of the person who asks."""

    permission_classes = (IsTenantUser,)

    @extend_schema(operation_id="logout_all", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        user = current_user(request)
        end_user_sessions(user, "logout", actor=user_actor(user))
        return Response(status=204)
