"""PNG (W3C, Portable Network Graphics, third edition): a copy with the picture's chunks alone."""

import struct
from collections.abc import Iterator
from zlib import crc32

from core.images.image import Image, InvalidImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Texts, times, Exif, colour profiles (compressed) and animations are left out.
KEPT_CHUNKS = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT")
)
HEADER_BYTES, FRAME_BYTES = 13, 12


def clean_png(data: bytes) -> Image:
    """Return the picture without metadata and without bytes after its end.

    Raises: InvalidImageError.
    """
    chunks = list(_chunks(data))
    kinds = [kind for kind, _ in chunks]
    header = chunks[0][1][8:-4]
    is_whole = kinds[0] == b"IHDR" and kinds.count(b"IHDR") == 1 and b"IDAT" in kinds
    if not is_whole or len(header) != HEADER_BYTES:
        raise InvalidImageError("A chunk is missing.")
    width, height = struct.unpack(">II", header[:8])
    kept = [chunk for kind, chunk in chunks if kind in KEPT_CHUNKS]
    return Image("image/png", width, height, b"".join([SIGNATURE, *kept]))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and bytes of each chunk up to IEND. Raises: InvalidImageError."""
    at = len(SIGNATURE)
    while True:
        if at + FRAME_BYTES > len(data):
            raise InvalidImageError("The picture ends too early.")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + FRAME_BYTES + length
        if end > len(data) or data[end - 4 : end] != struct.pack(
            ">I", crc32(data[at + 4 : end - 4])
        ):
            raise InvalidImageError("A chunk is damaged.")
        if kind[:1].isupper() and kind not in KEPT_CHUNKS:
            raise InvalidImageError("A chunk is needed that is not known.")
        yield kind, data[at:end]
        if kind == b"IEND":
            return
        at = end
