"""Logging out: of one session, or of all."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import actor_of
from accounts.api.serializers import LogoutRequest
from accounts.api.tenant_resolution import addressed_tenant
from accounts.auth.login import log_out
from accounts.authentication import person, session_asking
from accounts.permissions import Everybody, IsPerson
from accounts.problems import TokenInvalid
from accounts.sessions.rotation import session_of_token
from accounts.sessions.services import end_all
from core.api.serializers import parsed
from core.api.views import ApiView
from core.problems import NotAuthenticated

# OpenAPI: the access token, or none where the body holds the refresh token.
EITHER_TOKEN: Any = [{"bearer": []}, {}]


class Logout(ApiView):
    """End the session of the given refresh token, or the one that asks."""

    # A dead access token must not stand in the way of ending the session with the refresh token.
    authentication_classes = ()
    permission_classes = (Everybody,)

    @extend_schema(
        operation_id="logout", request=LogoutRequest, responses={204: None}, auth=EITHER_TOKEN
    )
    def post(self, request: Request) -> Response:
        token = parsed(LogoutRequest, request).get("refresh_token", "")
        here = session_asking(request, lenient=bool(token))
        if not token:
            if here is None:
                raise NotAuthenticated
            log_out(here, actor=here.user)
            return Response(status=204)
        with addressed_tenant(None, token=token):
            named = session_of_token(token)
            if here is not None and here.user != named.user:
                raise TokenInvalid
            log_out(named, actor=named.user)
        return Response(status=204)


class LogoutShort(Logout):
    """The same call at a shorter path."""

    @extend_schema(
        operation_id="logout_short", request=LogoutRequest, responses={204: None}, auth=EITHER_TOKEN
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class LogoutAll(ApiView):
    """End every session of the person who asks."""

    permission_classes = (IsPerson,)

    @extend_schema(operation_id="logout_all", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        user = person(request)
        end_all(user, "logout", actor=actor_of(user))
        return Response(status=204)
