"""Names that others choose, in the subject and the text of a mail.

The rule: a name is put in quotation marks, so that it reads as a name and not as our words. One
that a mail program could make a link of (a web or mail address, a domain name, a telephone number)
is not shown at all. Anybody can open a workspace and have us write to strangers in its name
(CWE-451; OWASP ASVS 5.0, 1.3.11).
"""

import re
import unicodedata

from core.text.normalization import DEFAULT_IGNORABLE, normalize_bounded

MAX_SHOWN_NAME_LENGTH = 60
MAX_INPUT_LENGTH = 1000
MAX_DIGITS = 6  # more are a telephone number
LINK_PATTERN = re.compile(
    r"""[/@\\]                                  # a path or a mail address
      | www[0-9]*[.\u3002]
      | [^\s.\u3002][.\u3002][^\s.,;:!?"')]{2}   # a domain name
      | [a-z][a-z0-9+-]*:[^\s]                  # mailto:x
    """,
    re.IGNORECASE | re.VERBOSE,
)
QUOTATION_MARKS = dict.fromkeys(map(ord, '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033'), "'")


def quoted_name(name: str, *, otherwise: str) -> str:
    """Return a name in quotation marks, or ``otherwise`` for one that looks like a link.

    It is one line without control, format or invisible characters.
    """
    plain = _printable(name[:MAX_INPUT_LENGTH])
    if not plain or _looks_like_link(plain):
        return otherwise
    shown = plain[:MAX_SHOWN_NAME_LENGTH].strip().translate(QUOTATION_MARKS)
    return f'"{shown}"'


def _printable(name: str) -> str:
    spaced = "".join(" " if char.isspace() else char for char in name)
    shown = (c for c in DEFAULT_IGNORABLE.sub("", spaced) if unicodedata.category(c)[0] != "C")
    return " ".join("".join(shown).split())


def _looks_like_link(name: str) -> bool:
    """Tell it of the compatibility form: mail programs take full-width letters and dots as well."""
    text = normalize_bounded(name, "NFKC", max_raw_length=MAX_INPUT_LENGTH)
    return bool(LINK_PATTERN.search(text)) or sum(char.isdigit() for char in text) > MAX_DIGITS
