"""From an object in the store to a file: read once, compared with what was announced, and kept."""

import hashlib
from collections.abc import Callable

from django.db import transaction

from accounts.models import User
from core.problems import NotFound
from files.content_types import HEAD_BYTES
from files.models import File, FileVersion, Upload
from files.problems import ChecksumMismatch, UploadIncomplete
from files.services import create_file_version
from files.storage.bucket import read_object
from files.storage.writer import ContentInfo
from files.uploads.cleanup import abandon, clean_up
from files.uploads.direct import PENDING, READY, require_pending
from files.uploads.promotion import StoredObject, delete_staging, promote

OnChunk = Callable[[], None]


def finalize(
    upload: Upload, seen: StoredObject, *, user: User, between: OnChunk = lambda: None
) -> File:
    """Make a file of what arrived, or return what somebody else's call made of it meanwhile.

    Reads all of it; ``between`` is called after each MiB and may raise to break off. Raises
    UploadIncomplete if it is not there any more as it was seen, ChecksumMismatch, UploadEnded,
    NotFound, StorageUnavailable.
    """
    try:
        file = _promote_and_create(upload, seen, _verify_content(upload, seen, user, between), user)
    except UploadIncomplete:
        upload.refresh_from_db(fields=["state", "reason"])
        made = upload_result(upload)
        if made is None:
            raise
        file = made
    delete_staging(upload)
    return file


def upload_result(upload: Upload) -> File | None:
    """Return the file that an upload became, None while it can still become one.

    Raises ChecksumMismatch, UploadEnded, and NotFound once the file is purged.
    """
    if upload.state == READY:
        return _created_file(upload)
    if upload.reason == Upload.Reason.MISMATCH:
        raise ChecksumMismatch
    require_pending(upload)
    return None


def _created_file(upload: Upload) -> File:
    """Return the file that a ready upload became, as it is now."""
    rows = FileVersion.objects.select_related("file__current")
    version = rows.filter(pk=upload.pk).first()
    if version is None:
        raise NotFound
    return version.file


def _verify_content(
    upload: Upload, seen: StoredObject, user: User, between: OnChunk
) -> ContentInfo:
    """Read the object and compare it with what was announced. Raises ChecksumMismatch."""
    written = _read_content(seen, between)
    if written.size != upload.size or upload.sha256 not in ("", written.sha256):
        abandon(upload, Upload.Reason.MISMATCH, by=user)
        raise ChecksumMismatch
    return written


def _read_content(seen: StoredObject, between: OnChunk) -> ContentInfo:
    chunks = read_object(seen.key, IfMatch=seen.etag)
    if chunks is None:
        raise UploadIncomplete
    digest, size, head = hashlib.sha256(), 0, b""
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        head += chunk[: HEAD_BYTES - len(head)]
        between()
    return ContentInfo(size, digest.hexdigest(), head)


def _promote_and_create(
    upload: Upload, seen: StoredObject, written: ContentInfo, user: User
) -> File:
    """Move the object to stay and keep it, by one at a time.

    Without the row's lock somebody slower could copy what landed later over a file that is kept.
    Raises UploadIncomplete for one that is not pending any more.
    """
    with transaction.atomic():
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        if locked.state == PENDING:
            promote(locked, seen)
            return create_file_version(upload=locked, name=upload.name, written=written, user=user)
    if locked.state != READY:
        clean_up(locked)  # what was put together after it had been given up
    raise UploadIncomplete
