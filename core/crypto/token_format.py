"""Texts of credentials that scanners for leaked secrets recognise.

A prefix, hexadecimal digits, and their CRC-32, so that what is none is refused without asking the
database.
"""

import re
import zlib

TOKEN_PATTERN = re.compile(r"([a-z]+_)([0-9a-f]+)([0-9a-f]{8})")


def format_token(prefix: str, body: str) -> str:
    """Return the text with these hexadecimal digits. ``prefix`` is lower case and ends in ``_``."""
    return f"{prefix}{body}{_checksum(body)}"


def parse_token(text: str, prefix: str, *, length: int) -> str | None:
    """Return the ``length`` digits of a text that ``format_token`` made; None for any other."""
    parts = TOKEN_PATTERN.fullmatch(text)
    if parts is None or parts[1] != prefix or len(parts[2]) != length:
        return None
    return parts[2] if parts[3] == _checksum(parts[2]) else None


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
