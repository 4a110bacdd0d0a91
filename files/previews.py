"""Previews: content that a browser shows in a page, from the store's own host.

Only types that run nothing are shown, with a content type that is chosen here. HTML, SVG and XML
are never shown, not even as text: a browser that guesses types could still take them for a page.
"""

import uuid

from django.db import transaction

from accounts.models import User
from core.problems import NotFound
from files.content_types import MARKUP_TYPES, SAFE_TYPES, TEXT_TYPES
from files.filenames import content_disposition
from files.models import FileVersion
from files.storage.configured import tenant_storage
from files.versions import open_version, readable_version

IMAGE, PDF, TEXT, AUDIO, VIDEO = "image", "pdf", "text", "audio", "video"
# Image types of SAFE_TYPES that browsers show.
IMAGE_TYPES = frozenset(
    {"image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp"}
)
SAFE_MEDIA = {AUDIO: "audio/", VIDEO: "video/"}
MAX_TEXT_BYTES = 2 * 1024 * 1024
MAX_IMAGE_BYTES = 50 * 1024 * 1024
# A browser asks the store for ranges while audio or video plays, always with the same URL.
PREVIEW_SECONDS = 3600
PLAIN_TEXT_UTF8 = "text/plain; charset=utf-8"


def preview_kind(version: FileVersion) -> str:
    """Return how a version is shown: one of the kinds above, or empty if it is not."""
    content_type, size = version.content_type, version.size
    if not size:
        return ""
    if content_type in IMAGE_TYPES:
        return IMAGE if size <= MAX_IMAGE_BYTES else ""
    if content_type == "application/pdf":
        return PDF
    if _is_text(content_type):
        return TEXT if size <= MAX_TEXT_BYTES else ""
    if content_type not in SAFE_TYPES:
        return ""
    return next((k for k, prefix in SAFE_MEDIA.items() if content_type.startswith(prefix)), "")


def open_preview(file_id: uuid.UUID, *, user: User, number: int | None) -> str:
    """Return a presigned URL that shows a version, and write an audit event.

    Raises: NotFound (also for content that is not shown).
    """
    with transaction.atomic():
        version = readable_version(file_id, user=user, number=number)
        kind = preview_kind(version)
        if not kind:
            raise NotFound
        open_version(file_id, user=user, number=version.number, by="preview")
    response_headers = {
        "ResponseContentDisposition": content_disposition(version.file.name, "inline"),
        "ResponseContentType": PLAIN_TEXT_UTF8 if kind == TEXT else version.content_type,
        "ResponseCacheControl": "private, no-store",
    }
    return tenant_storage().url(version.object_name, response_headers, PREVIEW_SECONDS)


def _is_text(content_type: str) -> bool:
    is_text = content_type.startswith("text/") or content_type in TEXT_TYPES
    return is_text and content_type not in MARKUP_TYPES
