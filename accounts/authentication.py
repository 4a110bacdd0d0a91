"""Authentication by bearer token: the session or API key is checked on every request."""

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.api_keys import authenticate_api_key
from accounts.models import ApiKey, Session, User
from accounts.problems import InsufficientScope, TokenExpired, TokenInvalid
from accounts.sessions.authentication import authenticate_session
from accounts.sessions.tokens import verify_access_token
from core.problems import NotAuthenticated
from core.rate_limits.limits import consume
from core.request_context import request_context
from tenants.context import current_tenant_or_none
from tenants.credentials import API_KEY_PREFIX, bearer_token


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <access token or API key>``.

    ``request.user`` is the user, ``request.auth`` the session or the API key.
    """

    def authenticate(self, request: Request) -> tuple[User, Session | ApiKey] | None:
        """Return the user and the credential; None without a credential.

        Raises: TokenInvalid, TokenExpired; RateLimited for an API key over its limit.
        """
        token = bearer_token(request._request)
        if not token:
            return None
        if current_tenant_or_none() is None:
            raise TokenInvalid
        auth = (
            _throttled_api_key(token)
            if token.startswith(API_KEY_PREFIX)
            else authenticate_session(verify_access_token(token))
        )
        context = request_context()
        context.user = str(auth.user_id)
        context.proved_at = auth.proved_at if isinstance(auth, Session) else None
        return auth.user, auth

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 (RFC 6750 section 3)."""
        return 'Bearer realm="aggios"'


def _throttled_api_key(text: str) -> ApiKey:
    key = authenticate_api_key(text)
    request_context().api_key = str(key.id)
    consume("api_key", str(key.id), amount=key.requests_per_minute)
    return key


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The security scheme in OpenAPI."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        how = "An access token, or an API key (`ak_…`) where the operation has a scope."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": how}


def optional_session(request: Request, *, ignore_invalid: bool) -> Session | None:
    """Return the session of the request's access token; None without one.

    ``ignore_invalid`` treats an invalid or expired token like none.

    Raises: TokenInvalid, TokenExpired; InsufficientScope for an API key, which has no session.
    """
    try:
        found = BearerAuthentication().authenticate(request)
    except (TokenInvalid, TokenExpired):
        if not ignore_invalid:
            raise
        return None
    if found and isinstance(found[1], ApiKey):
        raise InsufficientScope
    return found[1] if found else None  # type: ignore[return-value]


def current_session(request: Request) -> Session:
    """Return the session of the request. Raises: NotAuthenticated."""
    if not isinstance(request.auth, Session):
        raise NotAuthenticated
    return request.auth


def current_user(request: Request | HttpRequest) -> User:
    """Return the user of the request. Raises: NotAuthenticated."""
    user: object = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    return user
