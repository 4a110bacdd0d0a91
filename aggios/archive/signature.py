"""Telling our own archives from others: HMAC-SHA256 with a key that signs nothing else.

The key is derived (HKDF, RFC 5869) from the master secret for this purpose alone, so it is the same
for every process of the installation, and no other has it.
"""

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

SIGNATURE_INFO = b"aggios:archive:v1"


def sign_manifest(manifest: bytes) -> str:
    """Return the signature of a manifest, as hex."""
    return _signature(settings.TOKEN_MASTER_SECRET, manifest)


def is_signed_here(manifest: bytes, signature: str) -> bool:
    """Whether this installation signed the manifest, with the master secret of now or before."""
    secrets = (settings.TOKEN_MASTER_SECRET, settings.TOKEN_MASTER_SECRET_PREVIOUS)
    return any(
        hmac.compare_digest(_signature(secret, manifest).encode(), signature.encode())
        for secret in secrets
        if secret
    )


def _signature(secret: str, manifest: bytes) -> str:
    key = HKDF(SHA256(), length=32, salt=None, info=SIGNATURE_INFO).derive(secret.encode())
    return hmac.new(key, manifest, "sha256").hexdigest()
