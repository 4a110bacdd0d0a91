"""WebP (RFC 9649): a copy with the picture's chunks alone."""

import struct
from collections.abc import Iterator

from core.images.image import Image, InvalidImageError

CONTAINER, FORMAT = b"RIFF", b"WEBP"
HEADER_BYTES, CHUNK_HEADER_BYTES = 12, 8
EXTENDED, LOSSY, LOSSLESS, ALPHA = b"VP8X", b"VP8 ", b"VP8L", b"ALPH"
KEPT_CHUNKS = frozenset((EXTENDED, LOSSY, LOSSLESS, ALPHA))
ANIMATION = frozenset((b"ANIM", b"ANMF"))
ALPHA_FLAG = 0x10
KEY_FRAME_START, LOSSLESS_START = b"\x9d\x01\x2a", b"\x2f"


def is_webp(data: bytes) -> bool:
    """Tell whether the bytes begin as a WebP file does."""
    return data[:4] == CONTAINER and data[8:12] == FORMAT


def clean_webp(data: bytes) -> Image:
    """Return the picture without metadata and without bytes after its end.

    Raises: InvalidImageError, also for an animation.
    """
    chunks = list(_chunks(data))
    sizes = [_size(kind, body) for kind, body in chunks if kind in (LOSSY, LOSSLESS)]
    if len(sizes) != 1:
        raise InvalidImageError("There is not one picture.")
    body = b"".join(_encoded(kind, text, sizes[0]) for kind, text in chunks if kind in KEPT_CHUNKS)
    whole = CONTAINER + struct.pack("<I", len(FORMAT) + len(body)) + FORMAT + body
    return Image("image/webp", *sizes[0], whole)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    end = int.from_bytes(data[4:8], "little") + 8
    if end > len(data):
        raise InvalidImageError("The picture ends too early.")
    at = HEADER_BYTES
    while at < end:
        if at + CHUNK_HEADER_BYTES > end:
            raise InvalidImageError("A chunk is damaged.")
        kind, length = struct.unpack_from("<4sI", data, at)
        start = at + CHUNK_HEADER_BYTES
        if start + length > end:
            raise InvalidImageError("A chunk is damaged.")
        if kind in ANIMATION:
            raise InvalidImageError("Animations are not read.")
        yield kind, data[start : start + length]
        at = start + length + length % 2


def _size(kind: bytes, body: bytes) -> tuple[int, int]:
    """Return width and height of the picture in a chunk. Raises: InvalidImageError."""
    if kind == LOSSY:
        if body[3:6] != KEY_FRAME_START or len(body) < 10:
            raise InvalidImageError("The picture has no key frame.")
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if body[:1] != LOSSLESS_START or len(body) < 5:
        raise InvalidImageError("The picture has no header.")
    bits = int.from_bytes(body[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _encoded(kind: bytes, body: bytes, size: tuple[int, int]) -> bytes:
    """Return a chunk; the extended header has the picture's size and no flag but that of alpha."""
    if kind == EXTENDED:
        width, height = (number - 1 for number in size)
        body = bytes([body[0] & ALPHA_FLAG if body else 0, 0, 0, 0])
        body += width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
