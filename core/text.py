"""Text from clients: its length is bounded before it is normalised, matched or split.

``unicodedata.normalize`` takes quadratic time for long runs of combining marks on Python versions
without the 2026 fix, and holds the interpreter's lock. Regular expressions and ``split`` have
similar cases. So nothing of a request may reach them unbounded.
"""

import unicodedata
from typing import Literal

from core.problems import FieldError, ValidationFailed

NormalForm = Literal["NFC", "NFD", "NFKC", "NFKD"]
# Composing shortens a text to a quarter at most: four code points at most make one letter.
COMPOSED_FACTOR = 4


def normalize_text(text: str, form: NormalForm, *, max_length: int, field: str) -> str:
    """Return ``text`` in a Unicode normal form (UAX #15), with at most ``max_length`` code points.

    Raises ValidationFailed (``too_long``) that names ``field``. The work is bounded by
    ``max_length``, whatever the length of ``text``.
    """
    if len(text) <= max_length * COMPOSED_FACTOR:
        normalized = unicodedata.normalize(form, text)
        if len(normalized) <= max_length:
            return normalized
    fault = FieldError(field, "too_long", f"Use at most {max_length} characters.")
    raise ValidationFailed(errors=[fault])


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun in the right form: ``1 tenant``, ``2 tenants``.

    For English lines of commands; what is translated uses ``ngettext``.
    """
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"
