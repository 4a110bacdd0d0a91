"""Encrypts secrets of a tenant's users (core/crypto/encryption.py) with keys of that tenant alone.

What one tenant's row holds is worth nothing in another's.
"""

from core.crypto import encryption
from core.crypto.encryption import DecryptionError
from tenants.context import current_tenant

__all__ = ["DecryptionError", "decrypt", "encrypt", "key_info", "keyed_hash", "keyed_hashes"]


def encrypt(purpose: str, text: str) -> str:
    """Return the text encrypted for the current tenant, with the pepper's version in front."""
    return encryption.encrypt(key_info(purpose), text)


def decrypt(purpose: str, sealed: str) -> str:
    """Return what was sealed. Raises Unreadable."""
    return encryption.decrypt(key_info(purpose), sealed)


def keyed_hash(purpose: str, text: str) -> bytes:
    """Return the 32 bytes that are stored of a secret."""
    return keyed_hashes(purpose, text)[0]


def keyed_hashes(purpose: str, text: str) -> list[bytes]:
    """Return what may be stored of a secret: with the current pepper, then with the others."""
    return encryption.keyed_hashes(key_info(purpose), text)


def key_info(purpose: str) -> str:
    """Return what core/crypto/encryption.py is told that something of the current tenant is for."""
    return f"aggios:{purpose}:{current_tenant().id.hex}"
