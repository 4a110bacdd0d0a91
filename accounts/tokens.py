"""Access and refresh tokens: simplejwt's, signed with the tenant's own key.

A refresh token is derived from its session's row (id, generation, times), so the same generation
always yields the same token. That is how a second tab gets the very child that the first one got
although only hashes are stored.
"""

import hashlib
import hmac
import time
import uuid
from functools import lru_cache
from typing import Any, TypeVar

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.models import Session, User
from accounts.problems import TokenExpired, TokenInvalid
from tenants.context import current_tenant
from tenants.keys import key_id, signing_key, verifying_keys
from tenants.refs import TenantRef

ALGORITHM = "HS256"
LONGEST = 4096
T = TypeVar("T", bound=Token)


class TenantTokenBackend(TokenBackend):
    """Signs with the key of one tenant and accepts what that key signed, nothing else."""

    def __init__(self, tenant: TenantRef) -> None:
        super().__init__(ALGORITHM, signing_key=signing_key(tenant))
        self.kid = str(key_id(tenant))
        self.accepting = [TokenBackend(ALGORITHM, signing_key=k) for k in verifying_keys(tenant)]

    def encode(self, payload: dict[str, Any]) -> str:
        """Return the signed token; its header names the tenant and the key's version."""
        key = self.prepared_signing_key
        return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": self.kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return the claims, or raise TokenBackendError. The ``kid`` must be this tenant's."""
        if _key_id_of(token) != self.kid:
            raise TokenBackendError("The token was signed with another key.")
        *former, last = reversed(self.accepting)
        for backend in former:
            if _signed_by(token, backend.prepared_signing_key):
                return dict(backend.decode(token, verify))
        return dict(last.decode(token, verify))


def _key_id_of(token: Any) -> str:
    try:
        return str(jwt.get_unverified_header(token).get("kid", ""))
    except jwt.InvalidTokenError as exc:
        raise TokenBackendError("The token cannot be read.") from exc


def _signed_by(token: str, key: Any) -> bool:
    try:
        jwt.decode(token, key, algorithms=[ALGORITHM], options={"verify_exp": False})
    except jwt.InvalidTokenError:
        return False
    return True


@lru_cache(maxsize=1024)
def _backend(tenant: TenantRef) -> TenantTokenBackend:
    return TenantTokenBackend(tenant)


class _OfTenant:
    """Mixin: the backend of the tenant that the code runs in."""

    def get_token_backend(self) -> TenantTokenBackend:
        return _backend(current_tenant())


class TenantAccessToken(_OfTenant, AccessToken):
    """Good for 24 hours in one tenant, while its session lives."""


class TenantRefreshToken(_OfTenant, RefreshToken):  # type: ignore[misc]
    """Good once, for a week, in one tenant."""


def access_token(session: Session, user: User) -> str:
    """Return a new access token of the session."""
    token = TenantAccessToken()
    token["user_id"] = str(user.id)
    token["email"] = user.email
    token["tenant_id"] = current_tenant().slug
    token["sid"] = str(session.id)
    return str(token)


def refresh_token(session: Session) -> str:
    """Return the refresh token of the session's current generation, always the same text."""
    token = TenantRefreshToken()
    token.set_iat(at_time=session.rotated_at)
    token["exp"] = int(session.expires_at.timestamp())
    token["jti"] = _jti(session)
    token["sid"] = str(session.id)
    token["user_id"] = str(session.user_id)
    return str(token)


def _jti(session: Session) -> str:
    key = signing_key(current_tenant(), purpose="refresh").encode()
    text = f"{session.id.hex}:{session.generation}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def hash_of(token: str) -> bytes:
    """Return what is stored of a refresh token. It is random enough for a fast hash."""
    return hashlib.sha256(token.encode()).digest()


def read_access_token(token: str) -> uuid.UUID:
    """Return the session id that a good access token names. Raises TokenInvalid, TokenExpired."""
    session_id, expires = _verified(current_tenant(), token)
    if expires <= time.time():
        raise TokenExpired
    return session_id


@lru_cache(maxsize=8192)
def _verified(tenant: TenantRef, token: str) -> tuple[uuid.UUID, float]:
    """Return the session id and the end of a token that the tenant's key signed.

    A signature that was good under a key stays so, and only good ones are remembered: what raises
    is not. Whatever can change (the key's version is in ``tenant``, time, the session's row) is
    looked at on every request.
    """
    read = _read(TenantAccessToken, token)
    return _session_id(read), float(read["exp"])


def read_refresh_token(token: str) -> uuid.UUID:
    """Return the session id that a good refresh token names. Raises TokenInvalid, TokenExpired."""
    return _session_id(_read(TenantRefreshToken, token))


def _read(kind: type[T], token: str) -> T:
    if not token.isascii() or len(token) > LONGEST:
        raise TokenInvalid
    try:
        return kind(token)  # type: ignore[arg-type]
    except ExpiredTokenError as exc:
        raise TokenExpired from exc
    except TokenError as exc:
        raise TokenInvalid from exc


def _session_id(token: Token) -> uuid.UUID:
    try:
        return uuid.UUID(str(token.get("sid")))
    except ValueError as exc:
        raise TokenInvalid from exc


def lifetimes() -> dict[str, int]:
    """Return how long new tokens live, in seconds, as the API names it."""
    return {
        "expires_in": int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
        "refresh_expires_in": int(settings.REFRESH_TOKEN_LIFETIME.total_seconds()),
    }
