"""Secrets at rest: some are encrypted, of others only a keyed hash is kept.

The keys are derived (HKDF-SHA256, RFC 5869) from the peppers, which are not in the database and
are kept while anything made with them is there, and from the tenant's id: what one tenant's row
holds is worth nothing in another's.
"""

import hmac
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from accounts.hashers import peppers
from tenants.context import current_tenant


class Unreadable(Exception):  # noqa: N818 - reads as what it says
    """A sealed text was made with a pepper that is gone, or for another tenant or purpose."""


def seal(purpose: str, text: str) -> str:
    """Return the text encrypted for the current tenant, with the pepper's version in front."""
    version = next(iter(_peppers()))
    return f"{version}:{_cipher(purpose, version).encrypt(text.encode()).decode()}"


def unseal(purpose: str, sealed: str) -> str:
    """Return what was sealed. Raises Unreadable."""
    version, _, token = sealed.partition(":")
    if version not in _peppers():
        raise Unreadable(f"The pepper {version!r} is not there.")
    try:
        return _cipher(purpose, version).decrypt(token.encode()).decode()
    except InvalidToken as exc:
        raise Unreadable("It was not sealed for this.") from exc


def keyed_hash(purpose: str, text: str) -> bytes:
    """Return the 32 bytes that are stored of a secret."""
    return keyed_hashes(purpose, text)[0]


def keyed_hashes(purpose: str, text: str) -> list[bytes]:
    """Return what may be stored of a secret: with the current pepper, then with the others."""
    return [hmac.digest(_key(purpose, version), text.encode(), "sha256") for version in _peppers()]


def _peppers() -> dict[str, bytes]:
    return peppers(settings.PASSWORD_PEPPERS)


def _cipher(purpose: str, version: str) -> Fernet:
    return Fernet(urlsafe_b64encode(_key(purpose, version)))


def _key(purpose: str, version: str) -> bytes:
    info = f"aggios:{purpose}:{current_tenant().id.hex}".encode()
    return HKDF(SHA256(), 32, salt=None, info=info).derive(_peppers()[version])
