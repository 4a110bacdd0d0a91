"""Logging in, joining and refreshing."""

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.mailed_shapes import AwaitedShape
from accounts.api.serializers import (
    LoginRequest,
    RefreshRequest,
    RegisterRequest,
    SignedUpShape,
    SignUpRequest,
    TokensShape,
    tokens_of,
)
from accounts.api.tenant_resolution import addressed_tenant
from accounts.auth.login import log_in, registering
from accounts.auth.login_throttling import counted_attempt
from accounts.auth.registration import ask_to_join, confirms_first
from accounts.auth.signup import SignUpAct, signing_up
from accounts.passwords.hashing import desk
from accounts.permissions import Everybody
from accounts.problems import TokenExpired, TokenInvalid
from accounts.sessions.rotation import rotate
from accounts.sessions.services import live_session
from accounts.sessions.tokens import read_access_token
from core.api.serializers import parsed
from core.api.views import ApiView, by_address
from core.http.client_address import limit_key
from core.problems import NotFound
from core.request_context import request_context
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import Act, fingerprint_of, once_prepared
from tenants.context import tenant_context
from tenants.hosts import site_url


def stranger() -> str:
    """Return who asks without a log-in, as far as idempotency keys are concerned."""
    return f"anonymous:{limit_key(request_context().client_address)}"


class Login(ApiView):
    """Open a session with an address and a password."""

    authentication_classes = ()
    permission_classes = (Everybody,)

    @extend_schema(operation_id="login", request=LoginRequest, responses=TokensShape)
    def post(self, request: Request) -> Response:
        desk().require_place()
        fields = parsed(LoginRequest, request)
        email = fields["email"]
        with addressed_tenant(fields.get("tenant")), counted_attempt(email):
            opened = log_in(email=email, password=fields["password"], code=fields.get("code", ""))
            return Response(tokens_of(opened))


class Register(ApiView):
    """Join the workspace of this host."""

    authentication_classes = ()
    permission_classes = (Everybody,)
    limits = (by_address("register"),)

    @extend_schema(
        operation_id="register",
        request=RegisterRequest,
        responses={201: TokensShape, 202: AwaitedShape},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        fields = parsed(RegisterRequest, request)
        with addressed_tenant(fields.get("tenant")):
            return once_prepared(
                request,
                caller=stranger(),
                fingerprint=fingerprint_of(request.data),
                prepare=lambda: _registering(fields),
                recheck=_require_session,
            )


def _registering(fields: dict[str, Any]) -> Act:
    person = {name: fields[name] for name in ("email", "password", "first_name", "last_name")}
    invitation = fields["invitation"]
    if confirms_first(email=fields["email"], invitation=invitation):
        return lambda: _asked(person, invitation)
    register = registering(**person, invitation=invitation)
    return lambda: Response(tokens_of(register()), status=201)


def _asked(person: dict[str, str], invitation: str) -> Response:
    ask_to_join(**person, invitation=invitation)
    return Response({"confirmation": "mailed"}, status=202)


def _require_session(first: dict[str, Any]) -> None:
    """Check that tokens, shown before, are still good. Raises NotFound once their session ended."""
    token = first.get("access_token", "")
    if not token:
        return
    try:
        with addressed_tenant(None, token=token):
            live_session(read_access_token(token))
    except (TokenExpired, TokenInvalid) as exc:
        raise NotFound from exc


class SignUp(ApiView):
    """Open a workspace and become its owner."""

    authentication_classes = ()
    permission_classes = (Everybody,)
    limits = (by_address("signup"),)

    @extend_schema(
        operation_id="sign_up",
        request=SignUpRequest,
        responses={201: SignedUpShape},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        fields = parsed(SignUpRequest, request)
        return once_prepared(
            request,
            caller=stranger(),
            fingerprint=fingerprint_of(request.data),
            prepare=lambda: partial(_signed_up, signing_up(**fields)),
            recheck=_require_session,
        )


def _signed_up(sign_up: SignUpAct) -> Response:
    tenant, opened = sign_up()
    summary = {
        "id": str(tenant.id),
        "name": tenant.name,
        "subdomain": tenant.slug,
        "url": site_url(tenant.slug),
    }
    with tenant_context(tenant):
        return Response({"tenant": summary, **tokens_of(opened)}, status=201)


class Refresh(ApiView):
    """Exchange a refresh token for a new pair."""

    authentication_classes = ()
    permission_classes = (Everybody,)
    limits = (by_address("refresh"),)

    @extend_schema(operation_id="refresh", request=RefreshRequest, responses=TokensShape)
    def post(self, request: Request) -> Response:
        fields = parsed(RefreshRequest, request)
        token = fields["refresh_token"]
        with addressed_tenant(None, token=token):
            return Response(tokens_of(rotate(token)))
