"""Who is asking: the bearer token's session, checked on every request."""

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.api_keys import authenticate_api_key
from accounts.models import ApiKey, Session, User
from accounts.problems import InsufficientScope, TokenExpired, TokenInvalid
from accounts.sessions.services import authenticate_session
from accounts.sessions.tokens import verify_access_token
from core.problems import NotAuthenticated
from core.rate_limits.limits import consume
from core.request_context import request_context
from tenants.context import current_tenant_or_none
from tenants.credentials import API_KEY_PREFIX, bearer_token


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <access token or API key>`` → the user, and as ``request.auth`` the
    session or the key."""

    def authenticate(self, request: Request) -> tuple[User, Session | ApiKey] | None:
        """Return who asks and with what; None without a credential.

        Raises TokenInvalid, TokenExpired, and RateLimited for a key that was used too often.
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
    """The scheme as OpenAPI names it."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        how = "An access token, or an API key (`ak_…`) where the operation has a scope."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": how}


def optional_session(request: Request, *, lenient: bool) -> Session | None:
    """Return the session of the access token that came with the request, if one did.

    ``lenient`` takes a token that is not good for none; otherwise it raises TokenInvalid or
    TokenExpired. Raises InsufficientScope for an API key, which has no session.
    """
    try:
        found = BearerAuthentication().authenticate(request)
    except (TokenInvalid, TokenExpired):
        if not lenient:
            raise
        return None
    if found and isinstance(found[1], ApiKey):
        raise InsufficientScope
    return found[1] if found else None  # type: ignore[return-value]


def current_session(request: Request) -> Session:
    """Return the session of the person who asks. Raises NotAuthenticated where there is none."""
    if not isinstance(request.auth, Session):
        raise NotAuthenticated
    return request.auth


def current_user(request: Request | HttpRequest) -> User:
    """Return the person who asks. Raises NotAuthenticated for anybody else."""
    user: object = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    return user
