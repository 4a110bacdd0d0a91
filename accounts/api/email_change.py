"""API of the own e-mail address: requested with a session, confirmed with a mailed token."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.login import resolved_tenant
from accounts.api.serializers import (
    ConfirmationSentSerializer,
    ConfirmedEmailSerializer,
    ConfirmEmailChangeSerializer,
    EmailChangeSerializer,
)
from accounts.api.throttles import by_user
from accounts.authentication import current_user
from accounts.permissions import AllowAny
from accounts.users.email_change import confirm_email_change, request_email_change
from core.api.serializers import validated
from core.api.views import ApiView, limit_by_address


class EmailChangeView(ApiView):
    """A new address of the caller."""

    actions = {"POST": "me:email"}
    limits = (by_user("email_change"),)

    @extend_schema(
        operation_id="request_email_change",
        request=EmailChangeSerializer,
        responses={202: ConfirmationSentSerializer},
    )
    def post(self, request: Request) -> Response:
        """Send a link to the new address, and a notice to the present one.

        The address changes when the link is used. The response is the same for an address that
        another user has. Needs a recent authentication.
        """
        email = validated(EmailChangeSerializer, request)["email"]
        request_email_change(current_user(request), email=email)
        return Response({"confirmation": "mailed"}, status=202)


class ConfirmEmailChangeView(ApiView):
    """Confirmation of a new address with the token from the e-mail."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limits = (limit_by_address("links"),)

    @extend_schema(
        operation_id="confirm_email_change",
        request=ConfirmEmailChangeSerializer,
        responses=ConfirmedEmailSerializer,
    )
    def post(self, request: Request) -> Response:
        """Change the address. Sessions of the user go on."""
        fields = validated(ConfirmEmailChangeSerializer, request)
        with resolved_tenant(fields.get("tenant")):
            user = confirm_email_change(token=fields["token"])
        return Response({"email": user.email})
