"""JPEG (ITU-T T.81, annex B): a copy with the picture's segments alone."""

import re
import struct

from core.images.image import Image, InvalidImageError

SIGNATURE = b"\xff\xd8"
END, START_OF_SCAN = 0xD9, 0xDA
MIN_FRAME_BYTES = 10
# Frames, but not the tables between their codes (DHT, JPG, DAC).
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Frames (with one height and width), tables, restart intervals and scans.
PICTURE = FRAMES | {0xC4, 0xDB, 0xDD, START_OF_SCAN}
# JFIF without a thumbnail says the size of a pixel, Adobe's segment the colours. Exif, other
# profiles and comments are left out.
KEPT_APPLICATIONS = {0xE0: (b"JFIF\0", 16), 0xEE: (b"Adobe", 14)}
SKIPPED = frozenset((*range(0xE0, 0xF0), 0xFE))
# Inside a scan, 0xFF is followed by 0 or is a restart marker; or it fills up.
AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)


def clean_jpeg(data: bytes) -> Image:
    """Return the picture without metadata and without bytes after its end.

    Raises: InvalidImageError.
    """
    at, parts, size, has_scan = len(SIGNATURE), [SIGNATURE], None, False
    while (marker := _marker(data, at)) != END:
        end = at + 2 + _length(data, at)
        if marker in FRAMES:
            if size is not None or end - at < MIN_FRAME_BYTES:
                raise InvalidImageError("The picture has two frames, or a damaged one.")
            size = struct.unpack_from(">HH", data, at + 5)
        if marker == START_OF_SCAN:
            has_scan, end = True, _end_of_scan(data, end)
        if _is_kept(marker, data[at:end]):
            parts.append(data[at:end])
        at = end
    if size is None or not has_scan:
        raise InvalidImageError("The picture is empty.")
    height, width = size
    return Image("image/jpeg", width, height, b"".join([*parts, b"\xff\xd9"]))


def _marker(data: bytes, at: int) -> int:
    if data[at : at + 1] != b"\xff" or at + 2 > len(data):
        raise InvalidImageError("The picture ends too early, or a segment is damaged.")
    return data[at + 1]


def _length(data: bytes, at: int) -> int:
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2 or at + 2 + length > len(data):
        raise InvalidImageError("A segment is damaged.")
    return length


def _end_of_scan(data: bytes, at: int) -> int:
    found = AFTER_SCAN.search(data, at)
    if found is None:
        raise InvalidImageError("The picture ends too early.")
    return found.start()


def _is_kept(marker: int, segment: bytes) -> bool:
    if marker in KEPT_APPLICATIONS:
        name, length = KEPT_APPLICATIONS[marker]
        return segment[4:].startswith(name) and len(segment) == length + 2
    if marker not in PICTURE and marker not in SKIPPED:
        raise InvalidImageError("A segment is not known.")
    return marker in PICTURE
