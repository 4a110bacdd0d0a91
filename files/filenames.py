"""Validation of file names, and the names that downloads are saved under.

A name is text for people. It is compared in Unicode normal form C, so that one word typed on two
systems is one name; case is significant. It never becomes part of an object key.
"""

import re
import unicodedata
from urllib.parse import quote

from core.problems import FieldError, ValidationFailed
from core.text.names import CONTROLS
from core.text.normalization import BIDI_CONTROL, is_visible, normalize_text

MAX_NAME_LENGTH = 255
# The limit of Linux in bytes (NAME_MAX); Windows and macOS allow as many UTF-16 code units.
MAX_NAME_BYTES = 255
MAX_SUFFIX_BYTES = 32
RESERVED_NAME = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)")
# RFC 8187 section 3.2.1: attr-char needs no escape.
ATTR_CHAR = "!#$&+-.^_`|~"


def validate_filename(text: str, *, field: str) -> str:
    """Return ``text`` in normal form C if it is a valid file name without folders.

    A valid name has 1 to 255 characters, no control characters, no "/" or backslash, and is neither
    "." nor "..". Raises: ValidationFailed (for ``field``).
    """
    name = normalize_text(text, "NFC", max_length=MAX_NAME_LENGTH, field=field)
    if error := _find_error(name):
        raise ValidationFailed(errors=[FieldError(field, *error)])
    return name


def validate_path(text: str, *, field: str) -> str:
    """Return ``text`` in normal form C if it is a valid file name with folders ("a/b.txt").

    Every part obeys the rules of ``validate_filename``. The whole has at most 255 characters, and
    no leading, trailing or doubled "/". Raises: ValidationFailed (for ``field``).
    """
    path = normalize_text(text, "NFC", max_length=MAX_NAME_LENGTH, field=field)
    if error := _find_error(path, *path.split("/")):
        raise ValidationFailed(errors=[FieldError(field, *error)])
    return path


def content_disposition(name: str, kind: str = "attachment") -> str:
    """Return a Content-Disposition that saves a download under ``name``, in any script.

    With the kind ``inline`` a browser shows it.

    ``filename*`` (RFC 6266 section 4.3, RFC 8187) holds the name. The plain ``filename`` is for
    clients that do not support it.
    """
    safe = download_name(name)
    plain = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in safe)
    header = f'{kind}; filename="{plain}"'
    return header if plain == safe else f"{header}; filename*=UTF-8''{quote(safe, safe=ATTR_CHAR)}"


def download_name(name: str) -> str:
    """Return the last part of a name, made safe to save on any system and to display."""
    return safe_part(name.rpartition("/")[2])


def shown_name(name: str) -> str:
    """Return a name for display: a download has the same characters.

    Characters that reverse the text direction show "gpj.exe" as "exe.jpg" (Unicode TR 36, 2.2).
    """
    return BIDI_CONTROL.sub("_", name)


def safe_part(part: str) -> str:
    """Return one part of a name, made safe to save on any system and to display."""
    safe = shown_name(part)
    if safe[-1] in ". ":
        safe = safe[:-1] + "_"
    return _shorten(f"_{safe}" if RESERVED_NAME.match(safe) else safe)


def has_control(text: str) -> bool:
    """Tell whether a text has characters that no name may have."""
    # Cc, Zl, Zp: control characters, including NUL and line breaks. Cs: lone surrogates, which no
    # database stores.
    return any(unicodedata.category(char) in CONTROLS for char in text)


def _find_error(name: str, *parts: str) -> tuple[str, str] | None:
    """Return code and detail of the first invalid part, or of the whole name without parts."""
    if not name:
        return "required", "Give a name."
    return next(filter(None, map(_part_error, parts or (name,))), None)


def _part_error(part: str) -> tuple[str, str] | None:
    if not is_visible(part) or part in {".", ".."}:
        return "invalid_name", 'A name is not blank and neither "." nor "..".'
    if "/" in part or "\\" in part:
        return "invalid_name", 'A name has no "/" and no backslash.'
    if has_control(part):
        return "invalid_name", "A name has no control characters."
    return None


def _shorten(name: str) -> str:
    """Return a name within the limit of file systems: the middle of a long name is left out."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix.encode()) > MAX_SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    stem_bytes = MAX_NAME_BYTES - len(f"{dot}{suffix}".encode())
    # A character that is cut in half is left out.
    return f"{stem.encode()[:stem_bytes].decode(errors='ignore')}{dot}{suffix}"
