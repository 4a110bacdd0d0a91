"""What an API key looks like. The tenant stands in it, as on ``api.`` nothing else names one.

``ak_``, the tenant's id and 32 random bytes in hexadecimal, and the CRC-32 of both, so that
scanners for leaked secrets recognise one, and what is none is refused without asking the database.
"""

import re
import secrets
import uuid
import zlib

PREFIX = "ak_"
FORM = re.compile(rf"{PREFIX}(([0-9a-f]{{32}})[0-9a-f]{{64}})([0-9a-f]{{8}})")


def new_api_key(tenant_id: uuid.UUID) -> str:
    """Return the text of a new key of the tenant."""
    return api_key_text(tenant_id, secrets.token_hex(32))


def api_key_text(tenant_id: uuid.UUID, secret: str) -> str:
    """Return the text of the key with this secret of 64 hexadecimal digits."""
    body = f"{tenant_id.hex}{secret}"
    return f"{PREFIX}{body}{_checksum(body)}"


def tenant_in_api_key(text: str) -> uuid.UUID | None:
    """Return the tenant that a key names, or None for what is no key. Nothing is verified here."""
    parts = FORM.fullmatch(text)
    return uuid.UUID(hex=parts[2]) if parts and parts[3] == _checksum(parts[1]) else None


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
