"""Byte ranges of a download (RFC 9110 section 14)."""

import re

from files.problems import RangeNotSatisfiable

SINGLE_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.IGNORECASE | re.ASCII)


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte of the one range asked for, or None for the whole file.

    What is not understood is ignored, several ranges among it: section 14.2 allows that. Raises
    RangeNotSatisfiable for a range that begins beyond the end.
    """
    found = SINGLE_RANGE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
        satisfiable = int(last) > 0 and size > 0
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
        satisfiable = start < size
    if not satisfiable:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return start, end
