"""Names of files: what is accepted, and what a browser is told to save a download as.

A name is text for people. It is compared in Unicode normal form C, so that the same word typed on
two systems is one name; case counts. It never becomes part of an object's key.
"""

import re
import unicodedata
from urllib.parse import quote

from core.problems import FieldError, ValidationFailed
from core.text.names import CONTROLS
from core.text.normalization import BIDI_CONTROL, is_visible, normalize_text

MAX_NAME_LENGTH = 255
# Of a name, in bytes, that Linux takes (NAME_MAX); Windows and macOS take as many UTF-16 units.
MAX_NAME_BYTES = 255
MAX_SUFFIX_BYTES = 32
RESERVED_NAME = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)")
# RFC 8187 section 3.2.1: attr-char may stand unescaped.
ATTR_CHAR = "!#$&+-.^_`|~"


def validate_filename(text: str, *, field: str) -> str:
    """Return ``text`` in normal form C if it can name a file, without folders.

    Raises ValidationFailed that names ``field``: 1 to 255 characters, no control characters, no
    "/" or backslash, and neither "." nor "..".
    """
    name = normalize_text(text, "NFC", max_length=MAX_NAME_LENGTH, field=field)
    if fault := _find_error(name):
        raise ValidationFailed(errors=[FieldError(field, *fault)])
    return name


def validate_path(text: str, *, field: str) -> str:
    """Return ``text`` in normal form C if it can name a file, folders included ("a/b.txt").

    Every part obeys the rules of ``validate_filename``; the whole has at most 255 characters, and a
    leading, trailing or doubled "/" is refused. Raises ValidationFailed that names ``field``.
    """
    path = normalize_text(text, "NFC", max_length=MAX_NAME_LENGTH, field=field)
    if fault := _find_error(path, *path.split("/")):
        raise ValidationFailed(errors=[FieldError(field, *fault)])
    return path


def _find_error(name: str, *parts: str) -> tuple[str, str] | None:
    """Return what is wrong with a name that consists of ``parts``, of itself without any."""
    if not name:
        return "required", "Give a name."
    return next(filter(None, map(_part_error, parts or (name,))), None)


def _part_error(part: str) -> tuple[str, str] | None:
    if not is_visible(part) or part in {".", ".."}:
        return "invalid_name", 'A name is not blank and neither "." nor "..".'
    if "/" in part or "\\" in part:
        return "invalid_name", 'A name has no "/" and no backslash.'
    # Cc, Zl, Zp: control characters, NUL and line breaks among them. Cs: halves of a pair, which no
    # database stores.
    if any(unicodedata.category(char) in CONTROLS for char in part):
        return "invalid_name", "A name has no control characters."
    return None


def content_disposition(name: str) -> str:
    """Return a Content-Disposition that saves a download under ``name``, in any alphabet.

    ``filename*`` (RFC 6266 section 4.3, RFC 8187) carries the name; the plain ``filename`` beside
    it is for clients that do not read that one.
    """
    safe = download_name(name)
    plain = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in safe)
    header = f'attachment; filename="{plain}"'
    return header if plain == safe else f"{header}; filename*=UTF-8''{quote(safe, safe=ATTR_CHAR)}"


def download_name(name: str) -> str:
    """Return the last part of a name as it can be saved on any system and shows as what it is."""
    # What turns the direction of text shows "gpj.exe" as "exe.jpg" (Unicode TR 36, 2.2).
    safe = BIDI_CONTROL.sub("_", name.rpartition("/")[2])
    if safe[-1] in ". ":
        safe = safe[:-1] + "_"
    return _shorten(f"_{safe}" if RESERVED_NAME.match(safe) else safe)


def _shorten(name: str) -> str:
    """Return a name that file systems take: in the middle of a long one something is left out."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix.encode()) > MAX_SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    room = MAX_NAME_BYTES - len(f"{dot}{suffix}".encode())
    # Half of a character at the cut is left out.
    return f"{stem.encode()[:room].decode(errors='ignore')}{dot}{suffix}"
