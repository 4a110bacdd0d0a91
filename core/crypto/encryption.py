"""Secrets at rest: some are encrypted, of others only a keyed hash is kept.

The keys are derived (HKDF-SHA256, RFC 5869) from the peppers, which are not in the database and
are kept while anything made with them is there, and from what the caller says that they are for.
"""

import hmac
from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class DecryptionError(Exception):
    """A sealed text was made with a pepper that is gone, or for something else."""


def encrypt(info: str, text: str) -> str:
    """Return the text encrypted, with the pepper's version in front."""
    version = _current_version()
    return f"{version}:{_cipher(info, version).encrypt(text.encode()).decode()}"


def decrypt(info: str, sealed: str) -> str:
    """Return what was sealed. Raises Unreadable."""
    version, _, token = sealed.partition(":")
    if version not in _peppers():
        raise DecryptionError(f"The pepper {version!r} is not there.")
    try:
        return _cipher(info, version).decrypt(token.encode()).decode()
    except InvalidToken as exc:
        raise DecryptionError("It was not sealed for this.") from exc


def uses_current_pepper(sealed: str) -> bool:
    """Tell whether a text was sealed with the current pepper; if not, seal it anew."""
    return sealed.partition(":")[0] == _current_version()


def keyed_hashes(info: str, text: str) -> list[bytes]:
    """Return what may be stored of a secret: with the current pepper, then with the others."""
    return [hmac.digest(_key(info, version), text.encode(), "sha256") for version in _peppers()]


def _peppers() -> dict[str, bytes]:
    return parse_peppers(settings.PASSWORD_PEPPERS)


def _current_version() -> str:
    return next(iter(_peppers()))


def _cipher(info: str, version: str) -> Fernet:
    return Fernet(urlsafe_b64encode(_key(info, version)))


def _key(info: str, version: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=info.encode()).derive(_peppers()[version])


# The secrets that are not in the database, by version: ``PASSWORD_PEPPERS``.


@cache
def parse_peppers(text: str) -> dict[str, bytes]:
    """Return the peppers of ``PASSWORD_PEPPERS`` by version; the first is the current one."""
    pairs = (item.strip().partition(":") for item in text.split(",") if item.strip())
    return {version: secret.encode() for version, _, secret in pairs}
