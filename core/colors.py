"""Colours of a page, and the contrast of text on them (WCAG 2.2, definitions)."""

import re

BLACK, WHITE = "#000000", "#ffffff"
MIN_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
HOVER_SHARE = 0.15
COLOR_PATTERN = re.compile(r"#[0-9a-f]{6}")


def is_color(text: str) -> bool:
    """Tell whether a text is a colour as ``#rrggbb``, in lower case."""
    return COLOR_PATTERN.fullmatch(text) is not None


def text_color_on(color: str) -> str:
    """Return white or black, for text on a colour; white where both can be read.

    One of the two has a contrast of at least 4.58:1 on every colour.
    """
    return WHITE if contrast(WHITE, color) >= MIN_CONTRAST else BLACK


def hover_color(color: str) -> str:
    """Return a colour a little further from that of its text, so the contrast does not shrink."""
    away = 0 if text_color_on(color) == WHITE else 255
    parts = [round(part + (away - part) * HOVER_SHARE) for part in _parts(color)]
    return "#" + "".join(f"{part:02x}" for part in parts)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
