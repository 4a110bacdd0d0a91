"""Unicode normalisation of client texts, with a bounded length; times and counts as texts.

``unicodedata.normalize`` takes quadratic time for long runs of combining marks on Python versions
without the 2026 fix, and holds the interpreter's lock. Regular expressions and ``split`` have
similar cases. So the length of a text is checked before it is normalised, matched or split.
"""

import re
import unicodedata
from datetime import datetime
from typing import Literal

from core.problems import FieldError, ValidationFailed
from core.text.translation import translatable

NormalForm = Literal["NFC", "NFD", "NFKC", "NFKD"]
# Composing shortens a text to a quarter at most: up to four code points become one.
COMPOSED_FACTOR = 4
TOO_LONG = "too_long"
# Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt): invisible characters.
DEFAULT_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Characters that change the direction of text (UAX #9 section 2; CVE-2021-42574).
BIDI_CONTROL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def normalize_text(text: str, form: NormalForm, *, max_length: int, field: str) -> str:
    """Return ``text`` in a Unicode normal form (UAX #15), with at most ``max_length`` code points.

    Raises: ValidationFailed (``too_long``) that names ``field``. The work is bounded by
    ``max_length``, whatever the length of ``text``.
    """
    max_raw_length = max_length * COMPOSED_FACTOR
    if len(text) <= max_raw_length:
        normalized = normalize_bounded(text, form, max_raw_length=max_raw_length)
        if len(normalized) <= max_length:
            return normalized
    detail = translatable("Use at most %(most)s characters.", most=max_length)
    raise ValidationFailed(errors=[FieldError(field, TOO_LONG, detail)])


def normalize_bounded(text: str, form: NormalForm, *, max_raw_length: int) -> str:
    """Return ``text`` in a Unicode normal form, or unchanged if it is longer than the maximum."""
    return unicodedata.normalize(form, text) if len(text) <= max_raw_length else text


def is_visible(text: str) -> bool:
    """Tell whether ``text`` has a visible character. Its length must be bounded already."""
    shown = DEFAULT_IGNORABLE.sub("", text).replace("\u2800", "")  # the blank Braille pattern
    return any(unicodedata.category(char)[0] not in "CZ" for char in shown)


def timestamp(moment: datetime) -> str:
    """Return a time in UTC as RFC 3339, with microseconds and ``Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def timestamp_or_none(moment: datetime | None) -> str | None:
    """Return ``timestamp`` of a time, or None."""
    return timestamp(moment) if moment else None


def pluralize(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: ``1 tenant``, ``2 tenants``.

    For the English output of commands. Translated texts use ``ngettext``.
    """
    return f"{count} {noun_form(count, noun, plural)}"


def noun_form(count: int, noun: str, plural: str = "") -> str:
    """Return the singular or the plural of ``noun``."""
    return noun if count == 1 else plural or f"{noun}s"
