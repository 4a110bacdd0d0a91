"""What kind of bytes a file holds, as far as it is safe to say so to a browser."""

import mimetypes

OCTET_STREAM = "application/octet-stream"
# The table that Python brings along; not the machine's, so that every machine answers the same.
_BY_NAME = mimetypes.MimeTypes()
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
# Kinds that run nothing in a page. HTML, SVG, XML and scripts are not among them.
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


def guess_content_type(name: str) -> str:
    """Return the content type that a name stands for; what a client claims is not asked."""
    kind, encoding = _BY_NAME.guess_type(name.rpartition("/")[2], strict=True)
    return (_COMPRESSED.get(encoding) if encoding else kind) or OCTET_STREAM


def safe_content_type(content_type: str) -> str:
    """Return ``content_type`` if nothing of that kind can run in a page, else octets."""
    return content_type if content_type in SAFE_TYPES else OCTET_STREAM
