"""Proving again who one is."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.second_factors import ReauthenticateSerializer
from accounts.auth.login_throttling import throttle_login
from accounts.auth.reauthentication import reauthenticate
from accounts.authentication import current_session
from accounts.passwords.hashing import hash_pool
from accounts.permissions import IsTenantUser
from core.api.serializers import validated
from core.api.views import ApiView


class ReauthenticateView(ApiView):
    """Prove again who asks, for what asks for a recent proof; limited as logging in is."""

    permission_classes = (IsTenantUser,)

    @extend_schema(operation_id="prove", request=ReauthenticateSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        fields = validated(ReauthenticateSerializer, request)
        session = current_session(request)
        hash_pool().require_place()
        with throttle_login(session.user.email):
            reauthenticate(session, password=fields.get("password"), code=fields.get("code"))
        return Response(status=204)
