"""Registration in a tenant, sign-up of a new tenant, and verification of addresses."""

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.login import resolved_tenant
from accounts.api.serializers import (
    ConfirmationSentSerializer,
    CreatedTenantSerializer,
    RegisterSerializer,
    SignupSerializer,
    TokensSerializer,
    VerifyEmailSerializer,
    serialize_tokens,
)
from accounts.auth.registration import (
    prepare_registration,
    request_registration,
    requires_email_confirmation,
    resend_verification,
    verify_email,
)
from accounts.auth.signup import SignupAction, prepare_signup
from accounts.authentication import authenticate_session, current_user
from accounts.permissions import AllowAny, IsTenantUser
from accounts.problems import TokenExpired, TokenInvalid
from accounts.sessions.tokens import verify_access_token
from core.api.serializers import validated
from core.api.views import ApiView, limit_by_address
from core.problems import NotFound
from core.rate_limits.limits import consume
from core.request_context import limit_key, request_context
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import Action, fingerprint_of, idempotent_prepared
from tenants.context import current_tenant, tenant_context
from tenants.routing import site_url


def anonymous_caller() -> str:
    """Return the caller of idempotency keys for requests without a session."""
    return f"anonymous:{limit_key(request_context().client_address)}"


class RegisterView(ApiView):
    """Join the workspace of this host."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limits = (limit_by_address("register"),)

    @extend_schema(
        operation_id="register",
        request=RegisterSerializer,
        responses={201: TokensSerializer, 202: ConfirmationSentSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        fields = validated(RegisterSerializer, request)
        with resolved_tenant(fields.get("tenant")):
            return idempotent_prepared(
                request,
                caller=anonymous_caller(),
                fingerprint=fingerprint_of(request.data),
                prepare=lambda: _prepare_registration(fields),
                recheck=_require_active_session,
            )


def _prepare_registration(fields: dict[str, Any]) -> Action:
    account = {name: fields[name] for name in ("email", "password", "first_name", "last_name")}
    invitation = fields["invitation"]
    if requires_email_confirmation(email=fields["email"], invitation=invitation):
        return lambda: _request_registration(account, invitation)
    register = prepare_registration(**account, invitation=invitation)
    return lambda: Response(serialize_tokens(register()), status=201)


def _request_registration(account: dict[str, str], invitation: str) -> Response:
    request_registration(**account, invitation=invitation)
    return Response({"confirmation": "mailed"}, status=202)


class SignupView(ApiView):
    """Create a workspace and become its owner."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limits = (limit_by_address("signup"),)

    @extend_schema(
        operation_id="sign_up",
        request=SignupSerializer,
        responses={201: CreatedTenantSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        fields = validated(SignupSerializer, request)
        return idempotent_prepared(
            request,
            caller=anonymous_caller(),
            fingerprint=fingerprint_of(request.data),
            prepare=lambda: partial(_complete_signup, prepare_signup(**fields)),
            recheck=_require_active_session,
        )


def _complete_signup(sign_up: SignupAction) -> Response:
    tenant, opened = sign_up()
    summary = {
        "id": str(tenant.id),
        "name": tenant.name,
        "subdomain": tenant.slug,
        "url": site_url(tenant.slug),
    }
    with tenant_context(tenant):
        return Response({"tenant": summary, **serialize_tokens(opened)}, status=201)


def _require_active_session(first: dict[str, Any]) -> None:
    """Check that tokens in a stored response are still valid. Raises: NotFound."""
    token = first.get("access_token", "")
    if not token:
        return
    try:
        with resolved_tenant(None, token=token):
            authenticate_session(verify_access_token(token))
    except (TokenExpired, TokenInvalid) as exc:
        raise NotFound from exc


class VerifyEmailView(ApiView):
    """Verify an address, or complete a registration with a password, with a mailed link."""

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
    """Send the link that verifies the caller's address again, unless it is verified."""

    permission_classes = (IsTenantUser,)

    @extend_schema(operation_id="send_verification", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        user = current_user(request)
        consume("verification", str(current_tenant().id), str(user.id))
        resend_verification(user)
        return Response(status=204)
