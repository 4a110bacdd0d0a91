"""Log-in, refresh, reauthentication and log-out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import (
    LoginSerializer,
    LogoutSerializer,
    ReauthenticateSerializer,
    RefreshSerializer,
    TokensSerializer,
    serialize_tokens,
)
from accounts.auth.login import log_in, log_out, throttle_login
from accounts.auth.reauthentication import reauthenticate
from accounts.authentication import current_session, current_user, optional_session
from accounts.passwords.hashers import hash_pool
from accounts.permissions import AllowAny, IsTenantUser
from accounts.problems import TokenInvalid
from accounts.sessions.rotation import rotate_refresh_token, session_of_refresh_token
from accounts.sessions.services import end_user_sessions
from accounts.users.queries import user_actor
from core.api.serializers import validated
from core.api.views import ApiView, limit_by_address
from core.problems import FieldError, NotAuthenticated, ValidationFailed
from tenants.context import TenantRef, current_tenant_or_none, tenant_context
from tenants.credentials import tenant_of_token
from tenants.names import normalise_slug
from tenants.request_counts import count_request
from tenants.routing import tenant_for_host
from tenants.states import require_served, require_visible

# OpenAPI: the access token, or none if the body holds the refresh token.
EITHER_TOKEN: Any = [{"bearer": []}, {}]


class LoginView(ApiView):
    """Open a session with e-mail and password, and a code if a second factor is enrolled."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="login", request=LoginSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        hash_pool().require_capacity()
        fields = validated(LoginSerializer, request)
        email = fields["email"]
        with resolved_tenant(fields.get("tenant")), throttle_login(email):
            opened = log_in(email=email, password=fields["password"], code=fields.get("code", ""))
            return Response(serialize_tokens(opened))


class RefreshView(ApiView):
    """Exchange a refresh token for a new pair of tokens."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limits = (limit_by_address("refresh"),)

    @extend_schema(operation_id="refresh", request=RefreshSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        fields = validated(RefreshSerializer, request)
        token = fields["refresh_token"]
        with resolved_tenant(None, token=token):
            return Response(serialize_tokens(rotate_refresh_token(token)))


class ReauthenticateView(ApiView):
    """Reauthenticate with password or code before dangerous actions. Throttled like a log-in."""

    permission_classes = (IsTenantUser,)

    @extend_schema(operation_id="prove", request=ReauthenticateSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        fields = validated(ReauthenticateSerializer, request)
        session = current_session(request)
        hash_pool().require_capacity()
        with throttle_login(session.user.email):
            reauthenticate(session, password=fields.get("password"), code=fields.get("code"))
        return Response(status=204)


class LogoutView(ApiView):
    """End the session of the given refresh token, or of the access token."""

    # An invalid access token must not prevent a log-out with the refresh token.
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="logout", request=LogoutSerializer, responses={204: None}, auth=EITHER_TOKEN
    )
    def post(self, request: Request) -> Response:
        token = validated(LogoutSerializer, request).get("refresh_token", "")
        current = optional_session(request, ignore_invalid=bool(token))
        if not token:
            if current is None:
                raise NotAuthenticated
            log_out(current, actor=current.user)
            return Response(status=204)
        with resolved_tenant(None, token=token):
            named = session_of_refresh_token(token)
            if current is not None and current.user != named.user:
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
    """End all sessions of the caller."""

    permission_classes = (IsTenantUser,)

    @extend_schema(operation_id="logout_all", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        user = current_user(request)
        end_user_sessions(user, "logout", actor=user_actor(user))
        return Response(status=204)


# Which tenant a request without an access token is for.


@contextmanager
def resolved_tenant(slug: str | None, *, token: str = "") -> Iterator[TenantRef]:
    """Run the block in the tenant of the host, or on ``api.`` in the tenant of the credential.

    A tenant's own host always wins. On ``api.`` a bearer credential wins, whether it is valid or
    not; a refresh token names its tenant itself; ``tenant`` in the body counts only without both
    (log-in, registration).

    Raises: ValidationFailed without a name; TokenInvalid; TenantNotFound; TenantSuspended;
    TenantUnavailable.
    """
    here = current_tenant_or_none()
    if here is not None:
        yield here
        return
    tenant = _tenant_named(slug) if slug else _tenant_of_token(token)
    require_served(tenant)
    count_request(tenant.id)
    with tenant_context(tenant):
        yield tenant


def _tenant_named(slug: str) -> TenantRef:
    label = normalise_slug(slug)
    return require_visible(tenant_for_host(label) if "." not in label else None)


def _tenant_of_token(token: str) -> TenantRef:
    if not token:
        raise ValidationFailed(errors=[FieldError("tenant", "required", "Name the workspace.")])
    tenant = tenant_of_token(token)
    if tenant is None:
        raise TokenInvalid
    return tenant
