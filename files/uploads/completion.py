"""From an object in the store to a file: read once, compared with what was announced, and kept."""

import hashlib
from collections.abc import Callable

from django.db import transaction

from accounts.models import User
from core.problems import NotFound
from files.models import File, FileVersion, Upload
from files.problems import ChecksumMismatch, UploadIncomplete
from files.services import keep_file
from files.sniffing import HEAD_BYTES
from files.storage.bucket import chunks_of
from files.storage.writer import Written
from files.uploads.cleanup import give_up, tidy
from files.uploads.direct import PENDING, READY, require_pending
from files.uploads.promotion import Arrived, leave_landing, settle_in

Between = Callable[[], None]


def keep_arrived(
    upload: Upload, seen: Arrived, *, user: User, between: Between = lambda: None
) -> File:
    """Make a file of what arrived, or return what somebody else's call made of it meanwhile.

    Reads all of it; ``between`` is called after each MiB and may raise to break off. Raises
    UploadIncomplete if it is not there any more as it was seen, ChecksumMismatch, UploadEnded,
    NotFound, StorageUnavailable.
    """
    try:
        file = _kept(upload, seen, _verified(upload, seen, user, between), user)
    except UploadIncomplete:
        upload.refresh_from_db(fields=["state", "reason"])
        made = outcome_of(upload)
        if made is None:
            raise
        file = made
    leave_landing(upload)
    return file


def outcome_of(upload: Upload) -> File | None:
    """Return the file that an upload became, None while it can still become one.

    Raises ChecksumMismatch, UploadEnded, and NotFound once the file is purged.
    """
    if upload.state == READY:
        return _file_of(upload)
    if upload.reason == Upload.Reason.MISMATCH:
        raise ChecksumMismatch
    require_pending(upload)
    return None


def _file_of(upload: Upload) -> File:
    """Return the file that a ready upload became, as it is now."""
    rows = FileVersion.objects.select_related("file__current")
    version = rows.filter(pk=upload.pk).first()
    if version is None:
        raise NotFound
    return version.file


def _verified(upload: Upload, seen: Arrived, user: User, between: Between) -> Written:
    """Read the object and compare it with what was announced. Raises ChecksumMismatch."""
    written = _read(seen, between)
    if written.size != upload.size or upload.sha256 not in ("", written.sha256):
        give_up(upload, Upload.Reason.MISMATCH, by=user)
        raise ChecksumMismatch
    return written


def _read(seen: Arrived, between: Between) -> Written:
    chunks = chunks_of(seen.key, IfMatch=seen.etag)
    if chunks is None:
        raise UploadIncomplete
    digest, size, head = hashlib.sha256(), 0, b""
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        head += chunk[: HEAD_BYTES - len(head)]
        between()
    return Written(size, digest.hexdigest(), head)


def _kept(upload: Upload, seen: Arrived, written: Written, user: User) -> File:
    """Move the object to stay and keep it, by one at a time.

    Without the row's lock somebody slower could copy what landed later over a file that is kept.
    Raises UploadIncomplete for one that is not pending any more.
    """
    with transaction.atomic():
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        if locked.state == PENDING:
            settle_in(locked, seen)
            return keep_file(upload=locked, name=upload.name, written=written, user=user)
    if locked.state != READY:
        tidy(locked)  # what was put together after it had been given up
    raise UploadIncomplete
