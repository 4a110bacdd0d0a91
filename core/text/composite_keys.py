"""Keys composed of several parts, some of which a client chooses.

Joining parts with a separator is ambiguous when a part may contain it: ``a/b`` and ``c`` give the
same key as ``a`` and ``b/c``. Here each part is preceded by its length, as in a netstring, so that
different parts never give the same key (NIST SP 800-185 section 2.3.2, ``encode_string``). Parts
that are long or not printable are replaced by their SHA-256, so that the key's length is bounded.
"""

import hashlib

MAX_PART_BYTES = 128
_DIGEST = "sha256:"


def composite_key(*parts: str) -> str:
    """Return a printable key; other parts, or another number of parts, give another key."""
    return "/".join(_encoded(part) for part in parts)


def composite_digest(*parts: str) -> str:
    """Return the SHA-256 of ``composite_key`` in hexadecimal, for keys that hide their parts."""
    return hashlib.sha256(composite_key(*parts).encode()).hexdigest()


def bounded_part(text: str) -> str:
    """Return the last part of a key: the text itself, or its SHA-256 if it is long."""
    readable = _is_readable(text) and not text.startswith(_DIGEST)
    return text if readable else _digest(text)


def _encoded(part: str) -> str:
    return f"{len(part.encode())}:{part}" if _is_readable(part) else _digest(part)


def _is_readable(text: str) -> bool:
    # A lone surrogate is not printable, so every text that passes can be encoded.
    return len(text) <= MAX_PART_BYTES and text.isprintable() and _is_short(text)


def _is_short(text: str) -> bool:
    return len(text.encode()) <= MAX_PART_BYTES


def _digest(text: str) -> str:
    return _DIGEST + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
