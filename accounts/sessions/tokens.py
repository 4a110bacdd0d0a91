"""Access and refresh tokens: created from a session and verified.

A refresh token is derived from its session's row (id, generation, times) and a master secret, so
the same generation always gives the same token. A second browser tab can therefore get the same
next token as the first one, although only hashes are stored. If the master secret was rotated in
between, the stored hash tells which of the accepted secrets made the token.
"""

import hashlib
import hmac
import math
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenBackendError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.models import Session, User
from accounts.problems import TokenExpired, TokenInvalid
from tenants.context import TenantRef, current_tenant
from tenants.signing_keys import (
    current_key_id,
    parse_key_id,
    retired_keys,
    signing_key,
    verifying_keys,
)

MAX_TOKEN_LENGTH = 4096
KEY_ROTATED_MESSAGE = "Every log-in of this workspace was ended; log in again."
T = TypeVar("T", bound=Token)
ALGORITHM = "HS256"


def access_token(session: Session, user: User) -> str:
    """Return a new access token of the session. It expires with the session at the latest."""
    token = TenantAccessToken()
    end = session.expires_at.timestamp()
    token["exp"] = min(int(token["exp"]), int(end))
    token["user_id"] = str(user.id)
    token["email"] = user.email
    token["tenant_id"] = current_tenant().slug
    token["sid"] = str(session.id)
    return str(token)


def refresh_token(session: Session) -> str:
    """Return the refresh token of the session's current generation, always the same text."""
    return next(_refresh_token_candidates(session))


def stored_refresh_token(session: Session) -> str:
    """Return the refresh token whose hash is stored in the session's row.

    It may come from a former master secret that is still accepted.

    Raises: TokenInvalid if the secret is no longer accepted.
    """
    hashed = bytes(session.token_hash)
    for token in _refresh_token_candidates(session):
        if hmac.compare_digest(hash_token(token), hashed):
            return token
    raise TokenInvalid


def _refresh_token_candidates(session: Session) -> Iterator[str]:
    """Yield the refresh token as each accepted master secret makes it, the current one first."""
    tenant = current_tenant()
    token = TenantRefreshToken()
    token.set_iat(at_time=session.rotated_at)
    token["exp"] = int(session.expires_at.timestamp())
    token["sid"] = str(session.id)
    token["user_id"] = str(session.user_id)
    keys = zip(verifying_keys(tenant), verifying_keys(tenant, purpose="refresh"), strict=True)
    for signing, naming in keys:
        token["jti"] = _jti(session, naming)
        yield token_backend(tenant).encode_with(signing, token.payload)


def _jti(session: Session, key: str) -> str:
    text = f"{session.id.hex}:{session.generation}".encode()
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def hash_token(token: str) -> bytes:
    """Return the stored hash of a token. The token is random enough for a fast hash."""
    return hashlib.sha256(token.encode()).digest()


def verify_access_token(token: str) -> uuid.UUID:
    """Return the session id in a valid access token. Raises: TokenInvalid, TokenExpired."""
    session_id, expires = _verify_cached(current_tenant(), token)
    if expires <= time.time():
        raise TokenExpired
    return session_id


@lru_cache(maxsize=8192)
def _verify_cached(tenant: TenantRef, token: str) -> tuple[uuid.UUID, float]:
    """Return the session id and the expiry of a token that the tenant's key signed.

    A signature that was valid under a key stays valid. Only valid tokens are cached, because
    ``lru_cache`` stores no exceptions. What can change is checked on every request: the key's
    version is part of ``tenant``, then the time and the session's row.
    """
    read = _decode(TenantAccessToken, token)
    return _session_id(read), float(read["exp"])


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """What a refresh token says: its session, and when it was issued."""

    session_id: uuid.UUID
    issued_at: datetime


def verify_refresh_token(token: str) -> uuid.UUID:
    """Return the session id in a valid refresh token. Raises: TokenInvalid, TokenExpired."""
    return verify_refresh_token_claims(token).session_id


def verify_refresh_token_claims(token: str) -> RefreshClaims:
    """Return the claims of a valid refresh token. Raises: TokenInvalid, TokenExpired."""
    read = _decode(TenantRefreshToken, token)
    return RefreshClaims(_session_id(read), datetime.fromtimestamp(int(read["iat"]), UTC))


def _decode(kind: type[T], token: str) -> T:
    if not token.isascii() or len(token) > MAX_TOKEN_LENGTH:
        raise TokenInvalid
    try:
        return kind(token)  # type: ignore[arg-type]
    except ExpiredTokenError as exc:
        raise TokenExpired from exc
    except TokenError as exc:
        raise _problem_for(token) from exc
    except (OverflowError, TypeError, ValueError) as exc:  # a malformed time
        raise TokenInvalid from exc


def _problem_for(token: str) -> TokenInvalid:
    """Return the problem with its cause, if a former key of this tenant signed the token."""
    key_id = parse_key_id(str(unverified_header(token).get("kid", "")))
    former = retired_keys(current_tenant(), key_id) if key_id else []
    if any(is_signed_by(token, key) for key in former):
        return TokenInvalid(KEY_ROTATED_MESSAGE, members={"reason": Session.End.REVOKED.value})
    return TokenInvalid()


def _session_id(token: Token) -> uuid.UUID:
    try:
        return uuid.UUID(str(token.get("sid")))
    except ValueError as exc:
        raise TokenInvalid from exc


def token_lifetimes(session: Session) -> dict[str, int]:
    """Return the lifetimes of the session's tokens since its last rotation, in seconds."""
    left = math.ceil((session.expires_at - session.rotated_at) / timedelta(seconds=1))
    access = int(settings.ACCESS_TOKEN_LIFETIME.total_seconds())
    return {"expires_in": min(access, left), "refresh_expires_in": left}


# simplejwt tokens that are signed with a tenant's key and valid only in that tenant.


class TenantTokenBackend(TokenBackend):
    """Signs with the key of one tenant and accepts only what its keys signed."""

    def __init__(self, tenant: TenantRef) -> None:
        super().__init__(ALGORITHM, signing_key=signing_key(tenant))
        self.kid = str(current_key_id(tenant))
        self.accepting = [TokenBackend(ALGORITHM, signing_key=k) for k in verifying_keys(tenant)]

    def encode(self, payload: dict[str, Any]) -> str:
        """Return the signed token. Its header names the tenant and the key's version."""
        return self.encode_with(str(self.signing_key), payload)

    def encode_with(self, key: str, payload: dict[str, Any]) -> str:
        """Return the token signed with one of the tenant's accepted keys."""
        return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": self.kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return the claims. The ``kid`` must be this tenant's. Raises: TokenBackendError."""
        if str(unverified_header(token).get("kid", "")) != self.kid:
            raise TokenBackendError("The token was signed with another key.")
        *former, last = reversed(self.accepting)
        for backend in former:
            if is_signed_by(token, backend.prepared_signing_key):
                return dict(backend.decode(token, verify))
        return dict(last.decode(token, verify))


def unverified_header(token: Any) -> dict[str, Any]:
    """Return the header of a token without verifying it; empty for an invalid token."""
    try:
        return jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        return {}


def is_signed_by(token: str, key: Any) -> bool:
    """Return whether a key signed the token, also if the token has expired."""
    try:
        jwt.decode(token, key, algorithms=[ALGORITHM], options={"verify_exp": False})
    except jwt.InvalidTokenError:
        return False
    return True


@lru_cache(maxsize=1024)
def token_backend(tenant: TenantRef) -> TenantTokenBackend:
    """Return the backend of a tenant. It is cached per version of the key."""
    return TenantTokenBackend(tenant)


class _TenantTokenMixin:
    """Uses the backend of the current tenant."""

    def get_token_backend(self) -> TenantTokenBackend:
        return token_backend(current_tenant())


class TenantAccessToken(_TenantTokenMixin, AccessToken):
    """Valid for 24 hours in one tenant, while its session is active."""


class TenantRefreshToken(_TenantTokenMixin, RefreshToken):  # type: ignore[misc]
    """Valid once, for a week, in one tenant."""
