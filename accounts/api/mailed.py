"""Asking for mailed links, and following them without a browser."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.mailed_shapes import ForgotRequest, ResetRequest, VerifyRequest
from accounts.api.tenant_resolution import addressed_tenant
from accounts.auth.registration import verify_again, verify_email
from accounts.authentication import person
from accounts.passwords.services import ask_for_reset, reset_password
from accounts.permissions import Everybody, IsPerson
from core.api.serializers import parsed
from core.api.views import ApiView, by_address
from core.http.client_address import limit_key
from core.rate_limits.limits import take
from core.request_context import request_context
from core.text.email_addresses import address_key
from tenants.context import current_tenant


class Forgot(ApiView):
    """Mail a link that sets a new password, if somebody active has the address."""

    authentication_classes = ()
    permission_classes = (Everybody,)
    limits = (by_address("forgot"),)

    @extend_schema(operation_id="forgot_password", request=ForgotRequest, responses={204: None})
    def post(self, request: Request) -> Response:
        fields = parsed(ForgotRequest, request)
        email = fields["email"]
        address = limit_key(request_context().client_address)
        with addressed_tenant(fields.get("tenant")) as tenant:
            take("forgot_account", str(tenant.id), address_key(email), address)
            ask_for_reset(email=email)
        return Response(status=204)


class Reset(ApiView):
    """Set a new password with a mailed link; every session of the person ends."""

    authentication_classes = ()
    permission_classes = (Everybody,)
    limits = (by_address("links"),)

    @extend_schema(operation_id="reset_password", request=ResetRequest, responses={204: None})
    def post(self, request: Request) -> Response:
        fields = parsed(ResetRequest, request)
        with addressed_tenant(fields.get("tenant")):
            reset_password(token=fields["token"], password=fields["password"])
        return Response(status=204)


class Verify(ApiView):
    """Verify an address, or end a registration and choose its password, with a mailed link."""

    authentication_classes = ()
    permission_classes = (Everybody,)
    limits = (by_address("links"),)

    @extend_schema(operation_id="verify_email", request=VerifyRequest, responses={204: None})
    def post(self, request: Request) -> Response:
        fields = parsed(VerifyRequest, request)
        with addressed_tenant(fields.get("tenant")):
            verify_email(token=fields["token"], password=fields.get("password"))
        return Response(status=204)


class Verification(ApiView):
    """Mail the link that verifies one's own address again; nothing if it is verified."""

    permission_classes = (IsPerson,)

    @extend_schema(operation_id="send_verification", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        user = person(request)
        take("verification", str(current_tenant().id), str(user.id))
        verify_again(user)
        return Response(status=204)
