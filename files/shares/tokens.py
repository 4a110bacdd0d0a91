"""Share tokens: 256 random bits. A keyed hash of them is compared (accounts/encryption.py).

A sealed copy is kept beside it, so that the link can be shown again to those who may manage it.
Another tenant's keys make another hash of the same token.
"""

import re
import secrets
from contextlib import suppress

from accounts.encryption import DecryptionError, decrypt, encrypt, keyed_hash, keyed_hashes
from files.models import Share
from tenants.context import current_tenant
from tenants.hosts import site_url

PURPOSE = "share"
TOKEN_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def create_share_token() -> tuple[bytes, str]:
    """Return what is stored of a new token: its keyed hash, and its sealed text."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return keyed_hash(PURPOSE, token), encrypt(PURPOSE, token)


def token_hashes(token: str) -> list[bytes]:
    """Return what may be stored of a token; nothing for a text that cannot be one."""
    return keyed_hashes(PURPOSE, token) if TOKEN.fullmatch(token) else []


def share_token(share: Share) -> str:
    """Return a share's token; empty when it was revoked, or its pepper is gone."""
    if share.token_sealed:
        with suppress(DecryptionError):
            return decrypt(PURPOSE, share.token_sealed)
    return ""


def share_url(share: Share) -> str | None:
    """Return the address that opens a share's file, at the workspace's present name."""
    token = share_token(share)
    return f"{site_url(current_tenant().slug)}/s/{token}" if token else None
