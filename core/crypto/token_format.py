"""The format of opaque tokens, which secret scanners recognise.

A prefix, hexadecimal digits and their CRC-32. A malformed token is refused without a query.
"""

import re
import zlib

TOKEN_PATTERN = re.compile(r"([a-z]+_)([0-9a-f]+)([0-9a-f]{8})")


def format_token(prefix: str, body: str) -> str:
    """Return the token for these hexadecimal digits. ``prefix`` is lower case and ends in ``_``."""
    return f"{prefix}{body}{_checksum(body)}"


def parse_token(text: str, prefix: str, *, length: int) -> str | None:
    """Return the ``length`` digits of a token made by ``format_token``; None for other texts."""
    parts = TOKEN_PATTERN.fullmatch(text)
    if parts is None or parts[1] != prefix or len(parts[2]) != length:
        return None
    return parts[2] if parts[3] == _checksum(parts[2]) else None


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
