"""A person's own password."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.password_shapes import ChangePasswordRequest
from accounts.authentication import session_of
from accounts.passwords.changing import change_password
from accounts.permissions import IsPerson
from core.api.serializers import parsed
from core.api.views import ApiView


class ChangePassword(ApiView):
    """Set another password; every other session of the person ends."""

    permission_classes = (IsPerson,)

    @extend_schema(
        operation_id="change_password", request=ChangePasswordRequest, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        fields = parsed(ChangePasswordRequest, request)
        session = session_of(request)
        change_password(session, current=fields["current_password"], password=fields["password"])
        return Response(status=204)
