"""Logging in, joining and refreshing."""

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import user_actor
from accounts.api.second_factors import ReauthenticateSerializer
from accounts.api.serializers import (
    ConfirmationSentSerializer,
    CreatedTenantSerializer,
    LoginSerializer,
    LogoutSerializer,
    RefreshSerializer,
    RegisterSerializer,
    SignupSerializer,
    TokensSerializer,
    serialize_tokens,
)
from accounts.api.tenant_resolution import resolved_tenant
from accounts.auth.login import log_in, log_out, prepare_registration
from accounts.auth.login_throttling import throttle_login
from accounts.auth.reauthentication import reauthenticate
from accounts.auth.registration import request_registration, requires_email_confirmation
from accounts.auth.signup import SignupAction, prepare_signup
from accounts.authentication import current_session, current_user, optional_session
from accounts.passwords.hashers import hash_pool
from accounts.permissions import AllowAny, IsTenantUser
from accounts.problems import TokenExpired, TokenInvalid
from accounts.sessions.rotation import rotate_refresh_token, session_of_refresh_token
from accounts.sessions.services import authenticate_session, end_user_sessions
from accounts.sessions.tokens import verify_access_token
from core.api.serializers import validated
from core.api.views import ApiView, limit_by_address
from core.http.client_address import limit_key
from core.problems import NotAuthenticated, NotFound
from core.request_context import request_context
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import Action, fingerprint_of, idempotent_prepared
from tenants.context import tenant_context
from tenants.hosts import site_url

# OpenAPI: the access token, or none where the body holds the refresh token.
EITHER_TOKEN: Any = [{"bearer": []}, {}]


def anonymous_caller() -> str:
    """Return who asks without a log-in, as far as idempotency keys are concerned."""
    return f"anonymous:{limit_key(request_context().client_address)}"


class LoginView(ApiView):
    """Open a session with an address and a password."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="login", request=LoginSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        hash_pool().require_place()
        fields = validated(LoginSerializer, request)
        email = fields["email"]
        with resolved_tenant(fields.get("tenant")), throttle_login(email):
            opened = log_in(email=email, password=fields["password"], code=fields.get("code", ""))
            return Response(serialize_tokens(opened))


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
    person = {name: fields[name] for name in ("email", "password", "first_name", "last_name")}
    invitation = fields["invitation"]
    if requires_email_confirmation(email=fields["email"], invitation=invitation):
        return lambda: _request_registration(person, invitation)
    register = prepare_registration(**person, invitation=invitation)
    return lambda: Response(serialize_tokens(register()), status=201)


def _request_registration(person: dict[str, str], invitation: str) -> Response:
    request_registration(**person, invitation=invitation)
    return Response({"confirmation": "mailed"}, status=202)


def _require_active_session(first: dict[str, Any]) -> None:
    """Check that tokens, shown before, are still good. Raises NotFound once their session ended."""
    token = first.get("access_token", "")
    if not token:
        return
    try:
        with resolved_tenant(None, token=token):
            authenticate_session(verify_access_token(token))
    except (TokenExpired, TokenInvalid) as exc:
        raise NotFound from exc


class SignupView(ApiView):
    """Open a workspace and become its owner."""

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


class RefreshView(ApiView):
    """Exchange a refresh token for a new pair."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limits = (limit_by_address("refresh"),)

    @extend_schema(operation_id="refresh", request=RefreshSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        fields = validated(RefreshSerializer, request)
        token = fields["refresh_token"]
        with resolved_tenant(None, token=token):
            return Response(serialize_tokens(rotate_refresh_token(token)))


# Logging out: of one session, or of all.
class LogoutView(ApiView):
    """End the session of the given refresh token, or the one that asks."""

    # A dead access token must not stand in the way of ending the session with the refresh token.
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="logout", request=LogoutSerializer, responses={204: None}, auth=EITHER_TOKEN
    )
    def post(self, request: Request) -> Response:
        token = validated(LogoutSerializer, request).get("refresh_token", "")
        here = optional_session(request, lenient=bool(token))
        if not token:
            if here is None:
                raise NotAuthenticated
            log_out(here, actor=here.user)
            return Response(status=204)
        with resolved_tenant(None, token=token):
            named = session_of_refresh_token(token)
            if here is not None and here.user != named.user:
                raise TokenInvalid
            log_out(named, actor=named.user)
        return Response(status=204)


class ShortLogoutView(LogoutView):
    """The same call at a shorter path."""

    @extend_schema(
        operation_id="logout_short",
        request=LogoutSerializer,
        responses={204: None},
        auth=EITHER_TOKEN,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class LogoutAllView(ApiView):
    """End every session of the person who asks."""

    permission_classes = (IsTenantUser,)

    @extend_schema(operation_id="logout_all", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        user = current_user(request)
        end_user_sessions(user, "logout", actor=user_actor(user))
        return Response(status=204)


# Proving again who one is.


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
