"""Authentication by bearer token: the session or API key is checked on every request."""

import uuid
from datetime import datetime
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connection
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.api_keys import authenticate_api_key
from accounts.models import ApiKey, Session, User
from accounts.problems import InsufficientScope, TokenExpired, TokenInvalid
from accounts.sessions.expiry import SessionEnd, mark_expired, session_end, update_last_used
from accounts.sessions.tokens import verify_access_token
from core.db_backend.queries import compiled_select
from core.problems import NotAuthenticated
from core.rate_limits.limits import consume
from core.request_context import request_context
from tenants.context import current_tenant_or_none
from tenants.credentials import API_KEY_PREFIX, bearer_token

PLACEHOLDER_ID = uuid.UUID(int=0)

SESSION_COLUMNS = [
    "id",
    "user_id",
    "created_at",
    "last_used_at",
    "proved_at",
    "expires_at",
    "ended_at",
    "end_reason",
]

USER_COLUMNS = [f.attname for f in User._meta.concrete_fields if f.attname != "password"]


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


# Authentication of every request: the session of an access token, checked in one query.
#
# Django would compile the query for each request, which costs more than the rest of the request.
# So it is compiled once per process. The SQL names no schema and serves every tenant. It leaves
# out columns that are not needed here: the hashes need not travel with each request, and Django
# converts every time in Python. Reading one of them later costs a query of its own.


def authenticate_session(session_id: uuid.UUID) -> Session:
    """Return the active session with its active user, in one query.

    Records the use once a minute, and the end of a session that is found expired.

    Raises: TokenInvalid.
    """
    session = find_session_with_user(session_id)
    if session is None:
        raise TokenInvalid
    now = timezone.now()
    require_active(session, now)
    update_last_used(session, now)
    return session


def require_active(session: Session, now: datetime) -> None:
    """Check that the session and its user are active.

    An expired session is marked as ended, unless the surrounding transaction fails.

    Raises: TokenInvalid, with the cause as ``reason``.
    """
    end = session_end(session, now)
    if end is not None:
        if session.ended_at is None:
            mark_expired(session, end)
        raise end.problem
    if not session.user.is_active:
        raise SessionEnd(now, Session.End.REVOKED).problem


def find_session_with_user(session_id: uuid.UUID) -> Session | None:
    """Return the session with ``user`` loaded, active or ended; None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_session_sql(), [session_id])
        row = cursor.fetchone()
    if row is None:
        return None
    width = len(SESSION_COLUMNS)
    session = Session.from_db(DEFAULT_DB_ALIAS, SESSION_COLUMNS, row[:width])
    session.user = User.from_db(DEFAULT_DB_ALIAS, USER_COLUMNS, row[width:])
    return session


@cache
def _session_sql() -> str:
    rows = Session.objects.select_related("user").filter(id=PLACEHOLDER_ID).order_by()
    rows = rows.only(*SESSION_COLUMNS, *(f"user__{name}" for name in USER_COLUMNS))
    return compiled_select(rows, SESSION_COLUMNS + USER_COLUMNS, parameter_count=1)
