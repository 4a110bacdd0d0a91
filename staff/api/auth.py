"""Logging in to the staff API and out of it."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.serializers import validated
from core.api.views import ApiView
from staff.api.serializers import (
    LoginRequestSerializer,
    StaffTokenSerializer,
    serialize_issued_token,
)
from staff.authentication import (
    HasStaffPermission,
    StaffAuthentication,
    api_actor,
    request_token,
    require_staff_network,
)
from staff.services import log_in
from staff.tokens import revoke_token


class StaffLogin(ApiView):
    """Open a staff token with an address and a password."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="staff_login", request=LoginRequestSerializer, responses=StaffTokenSerializer
    )
    def post(self, request: Request) -> Response:
        require_staff_network()
        fields = validated(LoginRequestSerializer, request)
        return Response(serialize_issued_token(log_in(**fields)))


class StaffLogout(ApiView):
    """End the token that asks."""

    authentication_classes = (StaffAuthentication,)
    permission_classes = (HasStaffPermission,)

    @extend_schema(operation_id="staff_logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        revoke_token(request_token(request), actor=api_actor(request))
        return Response(status=204)
