"""A person's own password."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.password_shapes import ChangePasswordSerializer
from accounts.authentication import current_session
from accounts.passwords.changing import change_password
from accounts.permissions import IsTenantUser
from core.api.serializers import validated
from core.api.views import ApiView


class ChangePasswordView(ApiView):
    """Set another password; every other session of the person ends."""

    permission_classes = (IsTenantUser,)

    @extend_schema(
        operation_id="change_password", request=ChangePasswordSerializer, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        fields = validated(ChangePasswordSerializer, request)
        session = current_session(request)
        change_password(session, current=fields["current_password"], password=fields["password"])
        return Response(status=204)
