"""Who is asking: the bearer token's session, checked on every request."""

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.models import Session, User
from accounts.problems import TokenExpired, TokenInvalid
from accounts.sessions import live_session
from accounts.tokens import read_access_token
from core.context import request_context
from core.problems import NotAuthenticated
from tenants.context import tenant_or_none
from tenants.credentials import bearer


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <access token>`` → the user, and the session as ``request.auth``."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        """Return user and session; None without a credential. Raises TokenInvalid, TokenExpired."""
        token = bearer(request._request)
        if not token:
            return None
        if tenant_or_none() is None:
            raise TokenInvalid
        session = live_session(read_access_token(token))
        request_context().user = str(session.user_id)
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 (RFC 6750 section 3)."""
        return 'Bearer realm="aggios"'


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The scheme as OpenAPI names it."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def session_asking(request: Request, *, lenient: bool) -> Session | None:
    """Return the session of the access token that came with the request, if one did.

    ``lenient`` takes a token that is not good for none; otherwise it raises TokenInvalid or
    TokenExpired.
    """
    try:
        found = BearerAuthentication().authenticate(request)
    except (TokenInvalid, TokenExpired):
        if not lenient:
            raise
        return None
    return found[1] if found else None


def person(request: Request | HttpRequest) -> User:
    """Return the person who asks. Raises NotAuthenticated for anybody else."""
    user: object = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    return user
