"""Change and reset of a user's password."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.login import resolved_tenant
from accounts.api.serializers import (
    ChangePasswordSerializer,
    ForgotPasswordSerializer,
    ResetPasswordSerializer,
)
from accounts.authentication import current_session
from accounts.passwords.services import change_password, request_password_reset, reset_password
from accounts.permissions import AllowAny, IsTenantUser
from core.api.serializers import validated
from core.api.views import ApiView, limit_by_address
from core.rate_limits.limits import consume
from core.request_context import limit_key, request_context
from core.text.email_addresses import address_key


class ChangePasswordView(ApiView):
    """Change the caller's password. The other sessions of the caller end."""

    permission_classes = (IsTenantUser,)

    @extend_schema(
        operation_id="change_password", request=ChangePasswordSerializer, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        fields = validated(ChangePasswordSerializer, request)
        session = current_session(request)
        change_password(session, current=fields["current_password"], password=fields["password"])
        return Response(status=204)


class ForgotPasswordView(ApiView):
    """Send a link that sets a new password, if an active user has the address."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limits = (limit_by_address("forgot"),)

    @extend_schema(
        operation_id="forgot_password", request=ForgotPasswordSerializer, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        fields = validated(ForgotPasswordSerializer, request)
        email = fields["email"]
        address = limit_key(request_context().client_address)
        with resolved_tenant(fields.get("tenant")) as tenant:
            consume("forgot_account", str(tenant.id), address_key(email), address)
            request_password_reset(email=email)
        return Response(status=204)


class ResetPasswordView(ApiView):
    """Set a new password with a mailed link. All sessions of the user end."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limits = (limit_by_address("links"),)

    @extend_schema(
        operation_id="reset_password", request=ResetPasswordSerializer, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        fields = validated(ResetPasswordSerializer, request)
        with resolved_tenant(fields.get("tenant")):
            reset_password(token=fields["token"], password=fields["password"])
        return Response(status=204)
