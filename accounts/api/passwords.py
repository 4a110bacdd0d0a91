"""A person's own password."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import (
    ChangePasswordSerializer,
    ForgotPasswordSerializer,
    ResetPasswordSerializer,
    VerifyEmailSerializer,
)
from accounts.api.tenant_resolution import resolved_tenant
from accounts.auth.registration import resend_verification, verify_email
from accounts.authentication import current_session, current_user
from accounts.passwords.services import change_password, request_password_reset, reset_password
from accounts.permissions import AllowAny, IsTenantUser
from core.api.serializers import validated
from core.api.views import ApiView, limit_by_address
from core.http.client_address import limit_key
from core.rate_limits.limits import consume
from core.request_context import request_context
from core.text.email_addresses import address_key
from tenants.context import current_tenant


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


# Asking for mailed links, and following them without a browser.


class ForgotPasswordView(ApiView):
    """Mail a link that sets a new password, if somebody active has the address."""

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
    """Set a new password with a mailed link; every session of the person ends."""

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


class VerifyEmailView(ApiView):
    """Verify an address, or end a registration and choose its password, with a mailed link."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limits = (limit_by_address("links"),)

    @extend_schema(
        operation_id="verify_email", request=VerifyEmailSerializer, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        fields = validated(VerifyEmailSerializer, request)
        with resolved_tenant(fields.get("tenant")):
            verify_email(token=fields["token"], password=fields.get("password"))
        return Response(status=204)


class SendVerificationView(ApiView):
    """Mail the link that verifies one's own address again; nothing if it is verified."""

    permission_classes = (IsTenantUser,)

    @extend_schema(operation_id="send_verification", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        user = current_user(request)
        consume("verification", str(current_tenant().id), str(user.id))
        resend_verification(user)
        return Response(status=204)
