"""Secrets of a tenant's people at rest (core/crypto/encryption.py), under keys of that tenant alone.

What one tenant's row holds is worth nothing in another's.
"""

from core.crypto import encryption
from core.crypto.encryption import Unreadable
from tenants.context import current_tenant

__all__ = ["Unreadable", "info_of", "keyed_hash", "keyed_hashes", "seal", "unseal"]


def seal(purpose: str, text: str) -> str:
    """Return the text encrypted for the current tenant, with the pepper's version in front."""
    return encryption.seal(info_of(purpose), text)


def unseal(purpose: str, sealed: str) -> str:
    """Return what was sealed. Raises Unreadable."""
    return encryption.unseal(info_of(purpose), sealed)


def keyed_hash(purpose: str, text: str) -> bytes:
    """Return the 32 bytes that are stored of a secret."""
    return keyed_hashes(purpose, text)[0]


def keyed_hashes(purpose: str, text: str) -> list[bytes]:
    """Return what may be stored of a secret: with the current pepper, then with the others."""
    return encryption.keyed_hashes(info_of(purpose), text)


def info_of(purpose: str) -> str:
    """Return what core/crypto/encryption.py is told that something of the current tenant is for."""
    return f"aggios:{purpose}:{current_tenant().id.hex}"
