"""simplejwt tokens that are signed with a tenant's key and valid only in that tenant."""

from functools import lru_cache
from typing import Any

import jwt
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from tenants.context import current_tenant
from tenants.refs import TenantRef
from tenants.signing_keys import current_key_id, signing_key, verifying_keys

ALGORITHM = "HS256"


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
