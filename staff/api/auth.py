"""Logging in to the staff API and out of it."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.serializers import parsed
from core.api.views import ApiView
from staff.api.serializers import LoginRequest, StaffTokenShape, token_answer
from staff.authentication import (
    MayAsStaff,
    StaffAuthentication,
    asking,
    require_staff_network,
    token_of,
)
from staff.login import log_in
from staff.tokens import revoke


class StaffLogin(ApiView):
    """Open a staff token with an address and a password."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="staff_login", request=LoginRequest, responses=StaffTokenShape)
    def post(self, request: Request) -> Response:
        require_staff_network()
        fields = parsed(LoginRequest, request)
        return Response(token_answer(log_in(**fields)))


class StaffLogout(ApiView):
    """End the token that asks."""

    authentication_classes = (StaffAuthentication,)
    permission_classes = (MayAsStaff,)

    @extend_schema(operation_id="staff_logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        revoke(token_of(request), actor=asking(request))
        return Response(status=204)
