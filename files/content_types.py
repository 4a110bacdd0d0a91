"""Content types: detected from the bytes, and served only if a browser runs nothing of them.

Neither the file name nor the client's claim is trusted; a name only chooses among the types that
the bytes can have. Content that a browser could take for a page counts as markup under any name and
is never served with its own type. That is all content that begins with a tag (a broad reading of
WHATWG, MIME Sniffing, section 7.1).
"""

import mimetypes

import puremagic

OCTET_STREAM = "application/octet-stream"
# Python's own table instead of the machine's, so that every machine gives the same result.
_BY_NAME = mimetypes.MimeTypes()
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
# Types that run nothing in a page. HTML, SVG, XML and scripts are not among them.
SAFE_TYPES = frozenset(
    (
        "application/gzip",
        "application/json",
        "application/msword",
        "application/pdf",
        "application/rtf",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/zip",
        "audio/aac",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/x-wav",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/heic",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "text/csv",
        "text/plain",
        "video/mp4",
        "video/mpeg",
        "video/ogg",
        "video/quicktime",
        "video/webm",
    )
)
# The first bytes of a file: they contain the signatures of all SAFE_TYPES.
HEAD_BYTES = 4096
PLAIN_TEXT, ZIP = "text/plain", "application/zip"
# ISO/IEC 14496-12, section 4.3; there are more brands than the library knows.
MP4_SIGNATURE, MP4_TYPES = b"ftyp", frozenset({"audio/mp4", "video/mp4", "video/quicktime"})
MARKUP_TYPES = frozenset({"text/html", "text/xml", "application/xhtml+xml", "image/svg+xml"})
# Types of text whose name does not begin with "text/" and whose content begins with no tag.
TEXT_TYPES = frozenset({"application/json", "application/sql"})
# Other names of types, and the registered ones (IANA).
CANONICAL_TYPES = {
    "application/excel": "application/vnd.ms-excel",
    "application/javascript": "text/javascript",
    "application/mspowerpoint": "application/vnd.ms-powerpoint",
    "application/ogg": "audio/ogg",
    "application/x-gzip": "application/gzip",
    "application/xml": "text/xml",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "image/heif": "image/heic",
    "image/x-ms-bmp": "image/bmp",
}
# WHATWG, MIME Sniffing, section 3: a "binary data byte".
BINARY_BYTES = frozenset({*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)})
BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb\xbf": "utf-8"}


def guess_content_type(name: str) -> str:
    """Return the content type that a name stands for; the client's claim is not used."""
    kind, encoding = _BY_NAME.guess_type(name.rpartition("/")[2], strict=True)
    return (_COMPRESSED.get(encoding) if encoding else kind) or OCTET_STREAM


def safe_content_type(content_type: str) -> str:
    """Return ``content_type`` if it runs nothing in a page, otherwise that of octets."""
    return content_type if content_type in SAFE_TYPES else OCTET_STREAM


def detect_content_type(head: bytes, name: str) -> str:
    """Return the content type of a file that begins with ``head`` (HEAD_BYTES, or all of it)."""
    named = _canonical_type(guess_content_type(name))
    text = _decode_text(head)
    if text is not None and _is_markup(text):
        return named if named in MARKUP_TYPES else _markup_type(text)
    if found := _by_signature(head, name, named):
        return found
    if text is None:
        return OCTET_STREAM
    if named.startswith("text/") or named in TEXT_TYPES:
        return named
    return OCTET_STREAM if "." in name.rpartition("/")[2] else PLAIN_TEXT


def _canonical_type(kind: str) -> str:
    return CANONICAL_TYPES.get(kind, kind)


def _decode_text(head: bytes) -> str | None:
    """Return ``head`` as text, None if it is binary."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return head.removeprefix(mark).decode(encoding, errors="replace")
    # Legacy encodings are text too, so only bytes that no text contains decide.
    return head.decode(errors="replace") if BINARY_BYTES.isdisjoint(head) else None


def _is_markup(text: str) -> bool:
    begun = text.lstrip("\ufeff \t\r\n\f")
    return begun[:1] == "<" and (begun[1:2].isalpha() or begun[1:2] in {"!", "?", "/"})


def _markup_type(text: str) -> str:
    lowered = text.lower()
    if "<svg" in lowered:
        return "image/svg+xml"
    return "text/xml" if lowered.lstrip("\ufeff \t\r\n\f").startswith("<?xml") else "text/html"


def _by_signature(head: bytes, name: str, named: str) -> str:
    """Return the type whose signature matches, preferring that of the name; "" for none."""
    matches = _signature_matches(head)
    of_name = [m for m in matches if m.extension and name.lower().endswith(m.extension)]
    if of_name:
        return _canonical_type(max(of_name, key=lambda match: len(match.byte_match)).mime_type)
    kinds = {_canonical_type(match.mime_type) for match in matches}
    if named in kinds or (head[4:8] == MP4_SIGNATURE and named in MP4_TYPES):
        return named
    longest = max((len(match.byte_match) for match in matches), default=0)
    best = {
        _canonical_type(match.mime_type) for match in matches if len(match.byte_match) == longest
    }
    if len(best) == 1 and _decode_text(head) is None:
        return best.pop()
    return ZIP if ZIP in best else ""


def _signature_matches(head: bytes) -> list[puremagic.PureMagicWithConfidence]:
    try:
        found = puremagic.magic_string(head)
    except (ValueError, puremagic.PureError):  # empty, or no known signature
        return []
    # One byte proves nothing. A signature counted from the end would be in the middle of the file.
    return [m for m in found if m.mime_type and len(m.byte_match) > 1 and m.offset >= 0]
