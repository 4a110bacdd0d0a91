"""Signing keys: one per tenant and key version, derived and never stored.

A key is HKDF-SHA256 (RFC 5869) over the master secret with the tenant's id and key version as the
context. The ``kid`` of a token (RFC 7515 section 4.1.4) names both. It is a claim until the
signature is verified.
"""

import re
import uuid
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from tenants.context import TenantRef

KEY_ID_PATTERN = re.compile(r"([0-9a-f]{32})\.(0|[1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class KeyId:
    """The tenant and the key version that a ``kid`` names."""

    tenant_id: uuid.UUID
    version: int

    def __str__(self) -> str:
        return f"{self.tenant_id.hex}.{self.version}"


def parse_key_id(text: str) -> KeyId | None:
    """Return the parsed ``kid``, or None if it has another form."""
    found = KEY_ID_PATTERN.fullmatch(text)
    return KeyId(uuid.UUID(hex=found[1]), int(found[2])) if found else None


def current_key_id(tenant: TenantRef) -> KeyId:
    """Return the id of the tenant's current signing key."""
    return KeyId(tenant.id, tenant.key_version)


def signing_key(tenant: TenantRef, purpose: str = "token") -> str:
    """Return the key for new signatures, in hexadecimal."""
    return verifying_keys(tenant, purpose)[0]


def verifying_keys(tenant: TenantRef, purpose: str = "token") -> list[str]:
    """Return the accepted keys: of the current master secret, then of the previous one."""
    return _derived_keys(current_key_id(tenant), purpose)


def retired_keys(tenant: TenantRef, key: KeyId) -> list[str]:
    """Return the keys of an earlier key version of this tenant; an empty list for other ids.

    Tokens signed with them are refused, but the refusal can state the reason.
    """
    left = key.tenant_id == tenant.id and 0 < key.version < tenant.key_version
    return _derived_keys(key, "token") if left else []


def _derived_keys(key: KeyId, purpose: str) -> list[str]:
    secrets = [settings.TOKEN_MASTER_SECRET, settings.TOKEN_MASTER_SECRET_PREVIOUS]
    return [_derive_key(secret, purpose, str(key)) for secret in secrets if secret]


@lru_cache(maxsize=4096)
def _derive_key(secret: str, purpose: str, key_id: str) -> str:
    info = f"aggios:{purpose}:{key_id}".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(secret.encode()).hex()
