"""Validation of the names of users, tenants and API keys.

Control characters, bidirectional controls and invisible characters make one name look like another
(UAX #9, UTS #39; CVE-2021-42574, "Trojan Source"). Invisible characters are accepted where a
writing system needs them: joiners in scripts that join (UAX #31 section 2.3.1), selectors and
joiners in emoji (UTS #51) and in ideographs (UTS #37).
"""

import re
import unicodedata

from core.problems import FieldError, ValidationFailed
from core.text.normalization import BIDI_CONTROL, DEFAULT_IGNORABLE, is_visible, normalize_text

ZWNJ, ZWJ = "\u200c", "\u200d"
# The flag of a region of a country (UTS #51, emoji_tag_sequence).
TAGGED_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
MONGOLIAN_SELECTOR = re.compile("[\u180b-\u180f]")
MONGOLIAN = re.compile("[\u1820-\u18aa]")
# Blocks of scripts whose characters join or form conjuncts, from Arabic to Adlam.
JOINING = re.compile(
    "[\u0600-\u0dff\u0f00-\u109f\u1700-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
VIRAMA = 9  # its canonical combining class
SYMBOLS = {"So", "Sm", "Sk"}
# Categories that take a variation selector. After other characters it has no visible effect.
SELECTABLE = SYMBOLS | {"Lo", "Mn", "Mc", "Nd", "Po", "Pd"}
CONTROLS = {"Cc", "Cs", "Zl", "Zp"}

BLANK = ("required", "Give a name.")
CONTROL = ("control_character", "A name has no line breaks and no control characters.")
DIRECTION = (
    "direction_character",
    "A name has no characters that change the direction of text (UAX #9, bidirectional controls).",
)
INVISIBLE = (
    "invisible_character",
    "A name has no invisible characters but those that its script needs (UTS #39).",
)


def clean_name(text: str, *, field: str, max_length: int, required: bool = True) -> str:
    """Return a name in normal form C, without surrounding white space.

    Raises: ValidationFailed, which names ``field``, for a name that is too long, for control and
    direction characters, for invisible characters that no script needs, and for a blank name if
    one is ``required``.
    """
    name = normalize_text(text, "NFC", max_length=max_length, field=field).strip()
    error = _name_fault(name) if name else (BLANK if required else None)
    if error:
        raise ValidationFailed(errors=[FieldError(field, *error)])
    return name


def _name_fault(name: str) -> tuple[str, str] | None:
    if any(unicodedata.category(char) in CONTROLS for char in name):
        return CONTROL
    if BIDI_CONTROL.search(name):
        return DIRECTION
    if _has_stray_invisible(TAGGED_FLAG.sub("\U0001f3f4", name)) or not is_visible(name):
        return INVISIBLE
    return None


def _has_stray_invisible(name: str) -> bool:
    return any(not _is_needed(name, found.start()) for found in DEFAULT_IGNORABLE.finditer(name))


def _is_needed(name: str, at: int) -> bool:
    """Tell whether the invisible character at ``at`` has a meaning between its neighbours."""
    char, before, after = name[at], name[at - 1 : at], name[at + 1 : at + 2]
    if char in (ZWNJ, ZWJ):
        return _joins(before, after) or (char == ZWJ and _joins_emoji(before, after))
    if SELECTOR.match(char):
        return bool(before) and unicodedata.category(before) in SELECTABLE
    return bool(MONGOLIAN_SELECTOR.match(char) and MONGOLIAN.match(before))


def _joins(before: str, after: str) -> bool:
    """Tell whether a joiner is between characters of a joining script, or after a virama."""
    if not JOINING.match(before):
        return False
    return unicodedata.combining(before) == VIRAMA or bool(JOINING.match(after))


def _joins_emoji(before: str, after: str) -> bool:
    if not before or not after:
        return False
    shown = before == "\ufe0f" or unicodedata.category(before) in SYMBOLS
    return shown and unicodedata.category(after) in SYMBOLS
