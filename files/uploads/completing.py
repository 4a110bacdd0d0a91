"""From bytes in the store to a file: put together, looked at, and only then kept.

Every step can be repeated, because each asks the store what is there: a client may call again
after an answer that was lost, two may call at once, and the backend may die between any two steps.
"""

import uuid

from django.conf import settings

from accounts.models import User
from files.models import File, Upload
from files.uploads.completion import finalize, upload_result
from files.uploads.direct import own_upload
from files.uploads.promotion import ClaimedParts, find_or_assemble
from files.uploads.verification import schedule_verification


def complete_upload(upload_id: uuid.UUID, *, claimed: ClaimedParts, user: User) -> File | None:
    """Make the file that was announced of what the client has sent, and return it.

    None if it is so large that it is read after the answer. ``claimed`` are the parts that the
    client believes to have sent, number to ETag; it may be empty. Calling it again returns the same
    file, or raises the same. Raises NotFound, UploadIncomplete, ChecksumMismatch, UploadEnded,
    StorageUnavailable.
    """
    upload = own_upload(user, upload_id)
    if (made := upload_result(upload)) is not None:
        return made
    if upload.is_verifying:
        return None
    seen = find_or_assemble(upload, claimed)
    if _is_large(upload):
        schedule_verification(upload, by=user)
        return None
    return finalize(upload, seen, user=user)


def _is_large(upload: Upload) -> bool:
    return (upload.size or 0) > settings.UPLOAD_SYNC_VERIFY_MAX_BYTES
