"""Completion of a direct upload: its object is found, verified, promoted, and made a file.

Every step reads the state of the store first, so it can be repeated: after a lost response, by a
concurrent call, or after the backend was killed between two steps.
"""

import hashlib
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import transaction

from accounts.models import User
from core.problems import NotFound
from files.content_types import HEAD_BYTES
from files.models import File, FileVersion, Upload
from files.problems import ChecksumMismatch, UploadIncomplete
from files.services import create_file_version
from files.storage.reading import read_object
from files.storage.writer import ContentInfo
from files.uploads.cleanup import abandon, clean_up
from files.uploads.direct import own_upload
from files.uploads.promotion import (
    ClaimedParts,
    StoredObject,
    delete_staging,
    find_or_assemble,
    promote,
)
from files.uploads.state import PENDING, READY, require_pending, schedule_verification

OnChunk = Callable[[], None]


def complete_upload(upload_id: uuid.UUID, *, claimed: ClaimedParts, user: User) -> File | None:
    """Return the file of a complete upload; None if it is verified in the background.

    ``claimed`` maps the part numbers that the client believes to have sent to their ETags; it may
    be empty. Repeating the call returns the same file, or raises the same problem.

    Raises: NotFound, UploadIncomplete, ChecksumMismatch, UploadEnded, StorageUnavailable.
    """
    upload = own_upload(user, upload_id)
    if (file := upload_result(upload)) is not None:
        return file
    if upload.is_verifying:
        return None
    stored = find_or_assemble(upload, claimed)
    if (upload.size or 0) > settings.UPLOAD_SYNC_VERIFY_MAX_BYTES:
        schedule_verification(upload, user=user)
        return None
    return finalize(upload, stored, user=user)


def finalize(
    upload: Upload, stored: StoredObject, *, user: User, on_chunk: OnChunk = lambda: None
) -> File:
    """Verify a stored object and make it a file, or return the file of a concurrent call.

    The whole object is read; ``on_chunk`` is called after each MiB and may raise to interrupt.

    Raises: UploadIncomplete (if the object has changed), ChecksumMismatch, UploadEnded, NotFound,
    StorageUnavailable.
    """
    try:
        content = _verify_content(upload, stored, user, on_chunk)
        file = _promote_and_create(upload, stored, content, user)
    except UploadIncomplete:
        upload.refresh_from_db(fields=["state", "reason"])
        existing = upload_result(upload)
        if existing is None:
            raise
        file = existing
    delete_staging(upload)
    return file


def upload_result(upload: Upload) -> File | None:
    """Return the file of an upload, None while it is pending.

    Raises: ChecksumMismatch, UploadEnded, NotFound (if the file was purged).
    """
    if upload.state == READY:
        return _created_file(upload)
    if upload.reason == Upload.Reason.MISMATCH:
        raise ChecksumMismatch
    require_pending(upload)
    return None


def _created_file(upload: Upload) -> File:
    """Return the file of a ready upload in its present state. Raises: NotFound."""
    rows = FileVersion.objects.select_related("file__current")
    version = rows.filter(pk=upload.pk).first()
    if version is None:
        raise NotFound
    return version.file


def _verify_content(
    upload: Upload, stored: StoredObject, user: User, on_chunk: OnChunk
) -> ContentInfo:
    """Compare the object with the declared size and digest. Raises: ChecksumMismatch."""
    content = _read_content(stored, on_chunk)
    if content.size != upload.size or upload.sha256 not in ("", content.sha256):
        abandon(upload, Upload.Reason.MISMATCH, user=user)
        raise ChecksumMismatch
    return content


def _read_content(stored: StoredObject, on_chunk: OnChunk) -> ContentInfo:
    chunks = read_object(stored.key, IfMatch=stored.etag)
    if chunks is None:
        raise UploadIncomplete
    digest, size, head = hashlib.sha256(), 0, b""
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        head += chunk[: HEAD_BYTES - len(head)]
        on_chunk()
    return ContentInfo(size, digest.hexdigest(), head)


def _promote_and_create(
    upload: Upload, stored: StoredObject, content: ContentInfo, user: User
) -> File:
    """Promote the object and create its version under the lock of the upload's row.

    Without the lock a slower call could copy content that was staged later over the object of an
    existing file. Raises: UploadIncomplete (if the upload is no longer pending).
    """
    with transaction.atomic():
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        if locked.state == PENDING:
            promote(locked, stored)
            return create_file_version(upload=locked, name=upload.name, content=content, user=user)
    if locked.state != READY:
        clean_up(locked)  # the parts were assembled after the upload was abandoned
    raise UploadIncomplete
