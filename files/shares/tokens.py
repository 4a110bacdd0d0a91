"""Share tokens: 256 random bits, stored as a keyed hash and in encrypted form.

Requests are compared by the hash (accounts/encryption.py). The encrypted token is kept to show the
link again to users who may manage it. The keys differ by tenant, so another tenant computes another
hash of the same token.
"""

import re
import secrets
from contextlib import suppress

from accounts.encryption import DecryptionError, decrypt, encrypt, keyed_hash, keyed_hashes
from files.models import Share
from tenants.context import current_tenant
from tenants.routing import site_url

PURPOSE = "share"
TOKEN_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def create_share_token() -> tuple[bytes, str]:
    """Return what is stored of a new token: its keyed hash and its encrypted text."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return keyed_hash(PURPOSE, token), encrypt(PURPOSE, token)


def token_hashes(token: str) -> list[bytes]:
    """Return the possible hashes of a token; none for a text that is not a token."""
    return keyed_hashes(PURPOSE, token) if TOKEN.fullmatch(token) else []


def share_token(share: Share) -> str:
    """Return the token of a share; "" if it was revoked or its pepper is no longer configured."""
    if share.token_sealed:
        with suppress(DecryptionError):
            return decrypt(PURPOSE, share.token_sealed)
    return ""


def share_url(share: Share) -> str | None:
    """Return the URL of a share at the tenant's current name, None without a token."""
    token = share_token(share)
    return f"{site_url(current_tenant().slug)}/s/{token}" if token else None
