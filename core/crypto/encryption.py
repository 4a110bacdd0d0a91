"""Secrets at rest: some are encrypted, of others only a keyed hash is stored.

Keys are derived (HKDF-SHA256, RFC 5869) from the peppers in ``PASSWORD_PEPPERS`` and from ``info``,
the purpose that the caller names. Peppers are not in the database. A pepper must stay configured as
long as data that was encrypted with it exists.
"""

import hmac
from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class DecryptionError(Exception):
    """The text was encrypted with a pepper that is gone, or for another purpose."""


@cache
def parse_peppers(text: str) -> dict[str, bytes]:
    """Return the peppers of ``PASSWORD_PEPPERS`` by version; the first is the current one."""
    pairs = (item.strip().partition(":") for item in text.split(",") if item.strip())
    return {version: secret.encode() for version, _, secret in pairs}


def encrypt(info: str, text: str) -> str:
    """Return the encrypted text, prefixed with the pepper's version."""
    version = _current_version()
    return f"{version}:{_cipher(info, version).encrypt(text.encode()).decode()}"


def decrypt(info: str, encrypted: str) -> str:
    """Return the plain text. Raises: DecryptionError."""
    version, _, token = encrypted.partition(":")
    if version not in _peppers():
        raise DecryptionError(f"The pepper {version!r} is not configured.")
    try:
        return _cipher(info, version).decrypt(token.encode()).decode()
    except InvalidToken as exc:
        raise DecryptionError("The text was encrypted for another purpose.") from exc


def uses_current_pepper(encrypted: str) -> bool:
    """Tell whether a text is encrypted with the current pepper; if not, encrypt it again."""
    return encrypted.partition(":")[0] == _current_version()


def keyed_hashes(info: str, text: str) -> list[bytes]:
    """Return the hash of a secret with each pepper, the current one first. Store the first."""
    return [hmac.digest(_key(info, version), text.encode(), "sha256") for version in _peppers()]


def _peppers() -> dict[str, bytes]:
    return parse_peppers(settings.PASSWORD_PEPPERS)


def _current_version() -> str:
    return next(iter(_peppers()))


def _cipher(info: str, version: str) -> Fernet:
    return Fernet(urlsafe_b64encode(_key(info, version)))


def _key(info: str, version: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=info.encode()).derive(_peppers()[version])
