"""Finds the other tenant's canaries in a reply, in any encoding."""

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

from operations.isolation.canaries import Canaries
from operations.isolation.transport import Reply, Request

# Cursors and tokens contain ids in base64 (RFC 4648); shorter matches are words.
BASE64_PATTERN = re.compile(rb"[A-Za-z0-9_+/-]{24,}")


def find_leaks(request: Request, reply: Reply, victim: Canaries) -> list[str]:
    """Return the victim's canaries in a reply, without those that the request contained."""
    sent = _request_text(request)
    text = reply_text(reply)
    needles = victim.needles
    if not any(name in sent for name in victim.public):
        needles = needles | victim.public
    return sorted(needle for needle in needles if needle in text and needle not in sent)


def reply_text(reply: Reply) -> str:
    """Return headers and body of a reply as text, with decompressed and decoded parts."""
    head = "\n".join(f"{name}: {value}" for name, value in reply.headers).encode(
        "latin-1", "replace"
    )
    return _with_base64_decoded(head + b"\n" + _body_forms(reply))


def _body_forms(reply: Reply) -> bytes:
    return reply.body + b"\n" + b"\n".join(_decompressed(reply.body))


def _decompressed(body: bytes) -> Iterator[bytes]:
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            yield unpack(body)
        except (OSError, EOFError, zlib.error):
            continue


def _request_text(request: Request) -> str:
    head = "\n".join([request.host, request.target, unquote(request.target)])
    headers = "\n".join(request.headers.values())
    return _with_base64_decoded(f"{head}\n{headers}\n".encode() + request.body)


def _with_base64_decoded(data: bytes) -> str:
    found = [data, *(inner for inner in map(_decode_base64, BASE64_PATTERN.findall(data)) if inner)]
    return b"\n".join(found).decode("latin-1").lower()


def _decode_base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_")
    except (binascii.Error, ValueError):
        return b""
