"""Sizes in bytes as texts with units, and their parser. IEC 80000-13: 1 KiB is 1024 bytes."""

import re
from decimal import Decimal

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
EXACT_UNITS = (*UNITS[1:], "kB", "MB", "GB", "TB", "PB", "EB")
STEP = 1024
SIZE_PATTERN = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?) ?([a-z]{0,5})", re.IGNORECASE)
FACTORS = {
    "": 1,
    "b": 1,
    "byte": 1,
    "bytes": 1,
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgtpe", 1)},
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgtpe", 1)},
}
SIZE_RULE = "Give a size such as 50GiB (1024³ bytes each), 50GB (1000³) or 1048576."


def format_size(size: int) -> str:
    """Return a number of bytes with the unit in which it is at least 1: ``1.5 GiB``, ``1 byte``."""
    if abs(size) < STEP:
        return f"{size} {'byte' if size == 1 else 'bytes'}"
    power, rest = 0, Decimal(size)
    # From 1023.95 on, one decimal would show 1024.0.
    while abs(rest) >= STEP - Decimal("0.05") and power < len(UNITS) - 1:
        power, rest = power + 1, rest / STEP
    return f"{rest:.1f}".removesuffix(".0") + f" {UNITS[power]}"


def exact_size(size: int) -> str:
    """Return a number of bytes without rounding, so that ``parse_size`` returns it: ``500 MB``.

    The unit is the one with the smallest number, and none for 0, which is one in every unit.
    """
    if size == 0:
        return "0"
    factors = ((unit, FACTORS[unit.lower()]) for unit in EXACT_UNITS)
    whole = [(size // factor, unit) for unit, factor in factors if size % factor == 0]
    number, unit = min(whole, key=lambda pair: pair[0], default=(size, "bytes"))
    return f"{number} {unit}"


def parse_size(text: str) -> int:
    """Return the bytes of a size such as ``50GiB``. A part of a byte is dropped.

    Raises: ValueError. A unit of one character is refused, because it means 1000 to some readers
    and 1024 to others.
    """
    match = SIZE_PATTERN.fullmatch(text.strip()) if text.isascii() else None
    factor = FACTORS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(SIZE_RULE)
    return int(Decimal(match[1]) * factor)


def format_share(part: int, whole: int) -> str:
    """Return ``part`` as a percentage of ``whole``; a small share is not shown as 0 %."""
    if whole <= 0:
        return "100 %" if part > 0 else "0 %"
    share = 100 * part / whole
    return "< 1 %" if 0 < share < 1 else f"{int(share)} %"
