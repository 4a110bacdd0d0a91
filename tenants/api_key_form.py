"""What an API key looks like. The tenant stands in it, as on ``api.`` nothing else names one.

``ak_``, the tenant's id and 32 random bytes in hexadecimal, and the CRC-32 of both
(core/crypto/token_format.py).
"""

import secrets
import uuid

from core.crypto.token_format import format_token, parse_token

API_KEY_PREFIX = "ak_"
ID_LENGTH, SECRET_LENGTH = 32, 64


def new_api_key(tenant_id: uuid.UUID) -> str:
    """Return the text of a new key of the tenant."""
    return api_key_text(tenant_id, secrets.token_hex(SECRET_LENGTH // 2))


def api_key_text(tenant_id: uuid.UUID, secret: str) -> str:
    """Return the text of the key with this secret of 64 hexadecimal digits."""
    return format_token(API_KEY_PREFIX, f"{tenant_id.hex}{secret}")


def tenant_id_in_api_key(text: str) -> uuid.UUID | None:
    """Return the tenant that a key names, or None for what is no key. Nothing is verified here."""
    body = parse_token(text, API_KEY_PREFIX, length=ID_LENGTH + SECRET_LENGTH)
    return uuid.UUID(hex=body[:ID_LENGTH]) if body else None
