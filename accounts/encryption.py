"""Encryption and keyed hashes of user secrets, with keys of the current tenant.

A value from one tenant's row is useless in another tenant (core/crypto/encryption.py).
"""

from core.crypto import encryption
from core.crypto.encryption import DecryptionError
from tenants.context import current_tenant

__all__ = ["DecryptionError", "decrypt", "encrypt", "key_info", "keyed_hash", "keyed_hashes"]


def encrypt(purpose: str, text: str) -> str:
    """Return the text encrypted for the current tenant, prefixed with the pepper's version."""
    return encryption.encrypt(key_info(purpose), text)


def decrypt(purpose: str, sealed: str) -> str:
    """Return the decrypted text. Raises: DecryptionError."""
    return encryption.decrypt(key_info(purpose), sealed)


def keyed_hash(purpose: str, text: str) -> bytes:
    """Return the 32-byte hash that is stored of a secret."""
    return keyed_hashes(purpose, text)[0]


def keyed_hashes(purpose: str, text: str) -> list[bytes]:
    """Return all hashes that may be stored of a secret: with the current pepper first."""
    return encryption.keyed_hashes(key_info(purpose), text)


def key_info(purpose: str) -> str:
    """Return the HKDF info for a purpose in the current tenant."""
    return f"aggios:{purpose}:{current_tenant().id.hex}"
