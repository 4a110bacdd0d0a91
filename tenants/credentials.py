"""API keys, and the tenant that a credential names.

On the general API host (``api.``) the tenant comes from the credential and from nothing else. This
module only reads which tenant a credential claims; authentication verifies the claim later, with
that tenant's key and inside that tenant.

An API key is ``ak_``, the tenant's id and 32 random bytes in hexadecimal, and a CRC-32 of both
(core/crypto/token_format.py).
"""

import secrets
import uuid

import jwt
from django.http import HttpRequest

from core.crypto.token_format import format_token, parse_token
from tenants.context import TenantRef
from tenants.models import Tenant
from tenants.routing import tenant_for_id
from tenants.signing_keys import parse_key_id

API_KEY_PREFIX = "ak_"
ID_LENGTH, SECRET_LENGTH = 32, 64
BEARER_SCHEME = "bearer"


def new_api_key(tenant_id: uuid.UUID) -> str:
    """Return a new random API key of the tenant."""
    return api_key_text(tenant_id, secrets.token_hex(SECRET_LENGTH // 2))


def api_key_text(tenant_id: uuid.UUID, secret: str) -> str:
    """Return the API key with this secret of 64 hexadecimal digits."""
    return format_token(API_KEY_PREFIX, f"{tenant_id.hex}{secret}")


def tenant_id_in_api_key(text: str) -> uuid.UUID | None:
    """Return the tenant id in a key, or None if it is malformed. The key is not verified here."""
    body = parse_token(text, API_KEY_PREFIX, length=ID_LENGTH + SECRET_LENGTH)
    return uuid.UUID(hex=body[:ID_LENGTH]) if body else None


def bearer_token(request: HttpRequest) -> str:
    """Return the bearer credential of a request (RFC 6750), or an empty string."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == BEARER_SCHEME else ""


def tenant_of_request(request: HttpRequest) -> TenantRef | None:
    """Return the tenant that the request's credential names, or None."""
    token = bearer_token(request)
    return tenant_of_token(token) if token else None


def tenant_of_token(token: str) -> TenantRef | None:
    """Return the tenant that an API key or a token's ``kid`` names, or None.

    The credential is not verified here.
    """
    tenant_id = (
        tenant_id_in_api_key(token)
        if token.startswith(API_KEY_PREFIX)
        else _tenant_id_in_jwt(token)
    )
    tenant = tenant_for_id(tenant_id) if tenant_id else None
    return None if tenant is None or tenant.status == Tenant.Status.DELETING else tenant


def _tenant_id_in_jwt(token: str) -> uuid.UUID | None:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        return None
    key_id = parse_key_id(str(header.get("kid", "")))
    return key_id.tenant_id if key_id else None
