"""On the general API host the tenant comes from the credential, and from nothing else.

This only finds the tenant that a credential claims. Whether the claim is true is for the
authentication to say, with that tenant's key, inside that tenant.
"""

import uuid

import jwt
from django.http import HttpRequest

from tenants.api_key_form import API_KEY_PREFIX, tenant_id_in_api_key
from tenants.models import Tenant
from tenants.refs import TenantRef
from tenants.routing import tenant_for_id
from tenants.signing_keys import parse_key_id

BEARER_SCHEME = "bearer"


def bearer_token(request: HttpRequest) -> str:
    """Return the bearer credential of a request (RFC 6750), or an empty string."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == BEARER_SCHEME else ""


def tenant_of_request(request: HttpRequest) -> TenantRef | None:
    """Return the tenant that the request's credential claims, or None."""
    token = bearer_token(request)
    return tenant_of_token(token) if token else None


def tenant_of_token(token: str) -> TenantRef | None:
    """Return the tenant that an API key or a token's ``kid`` names, or None.

    Nothing is verified here.
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
