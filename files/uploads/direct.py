"""Direct uploads, from the client to the store: created, read and aborted.

Completion is in files/uploads/completion.py.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from core.problems import NotFound
from core.text.translation import translatable
from files.content_types import OCTET_STREAM
from files.filenames import validate_path
from files.models import Upload
from files.problems import FileTooLarge, UploadCompleted, UploadVerifying
from files.storage.writer import part_size_for
from files.uploads.cleanup import abandon
from files.uploads.objects import create_multipart
from files.uploads.state import PENDING, READY, require_pending, reserve_upload
from files.uploads.user_limits import confirm_started
from tenants.context import current_tenant, limits_of

SINGLE, MULTIPART = Upload.Strategy.SINGLE, Upload.Strategy.MULTIPART


@dataclass(frozen=True, slots=True)
class UploadSpec:
    """A file as its client declares it; ``sha256`` is in hexadecimal, or empty."""

    name: str
    size: int
    content_type: str = OCTET_STREAM
    sha256: str = ""


def create_upload(spec: UploadSpec, *, user: User) -> Upload:
    """Reserve quota for a file and choose the strategy. Sends nothing to the store.

    Raises: ValidationFailed (for an invalid name), FileTooLarge, QuotaExceeded, TooManyUploads.
    """
    name = validate_path(spec.name, field="name")
    max_bytes = limits_of(current_tenant()).file_max_bytes
    if spec.size > max_bytes:
        raise FileTooLarge(translatable("Send at most %(count)s bytes.", count=max_bytes))
    single = spec.size <= settings.UPLOAD_SINGLE_BYTES
    return reserve_upload(
        user=user,
        strategy=SINGLE if single else MULTIPART,
        name=name,
        size=spec.size,
        content_type=spec.content_type,
        sha256=spec.sha256.lower(),
        part_size=spec.size if single else part_size_for(spec.size),
    )


def ensure_multipart(upload: Upload) -> Upload:
    """Create the multipart upload in the store if it is needed and missing; return the upload.

    Separate from ``create_upload``, and safe to repeat, because the row must be committed before
    the store is asked. Raises: StorageUnavailable.
    """
    if upload.strategy == MULTIPART and upload.state == PENDING and not upload.multipart_id:
        create_multipart(upload)
    return upload


def own_upload(user: User, upload_id: uuid.UUID) -> Upload:
    """Return an upload that the user created. Raises: NotFound."""
    return _get_upload(_direct_uploads().filter(created_by=user), upload_id)


def visible_upload(user: User, upload_id: uuid.UUID) -> Upload:
    """Return an upload that the user may read and abort. Raises: NotFound."""
    return _get_upload(_visible_uploads(user), upload_id)


def open_uploads(user: User) -> QuerySet[Upload]:
    """Return the pending uploads that the user may read and abort.

    Members have their own; owners and administrators have all, because every reservation reduces
    the quota of the whole tenant.
    """
    return _visible_uploads(user).filter(state=PENDING)


def writable_upload(user: User, upload_id: uuid.UUID) -> Upload:
    """Return an upload that accepts bytes; expire it here if it is late.

    Raises: NotFound, UploadCompleted, UploadVerifying, UploadEnded.
    """
    upload = own_upload(user, upload_id)
    if upload.state == READY:
        raise UploadCompleted
    if upload.is_verifying:
        raise UploadVerifying
    if upload.state == PENDING and _is_expired(upload):
        abandon(upload, Upload.Reason.EXPIRED)
        upload.refresh_from_db(fields=["state", "reason"])
    require_pending(upload)
    return upload


def abort_upload(upload_id: uuid.UUID, *, user: User, check: Callable[[Upload], None]) -> None:
    """Abort an upload. Repeating it changes nothing. ``check`` gets the row first and may raise.

    Owners and administrators may abort uploads of all users. An upload that is completed
    concurrently either becomes a file or is aborted, never both.

    Raises: NotFound, UploadCompleted.
    """
    upload = visible_upload(user, upload_id)
    check(upload)
    if upload.state == PENDING and abandon(upload, Upload.Reason.ABORTED, user=user):
        return
    upload.refresh_from_db(fields=["state"])
    if upload.state == READY:
        raise UploadCompleted


def _is_expired(upload: Upload) -> bool:
    now = timezone.now()
    deadline_passed = upload.start_by is not None and upload.start_by < now
    return upload.expires_at < now or (deadline_passed and not confirm_started(upload))


def _visible_uploads(user: User) -> QuerySet[Upload]:
    return _direct_uploads() if user.manages else _direct_uploads().filter(created_by=user)


def _direct_uploads() -> QuerySet[Upload]:
    rows = Upload.objects.filter(strategy__in=(SINGLE, MULTIPART))
    return rows.exclude(state=Upload.State.PURGED)


def _get_upload(rows: QuerySet[Upload], upload_id: uuid.UUID) -> Upload:
    upload = rows.filter(pk=upload_id).first()
    if upload is None:
        raise NotFound
    return upload
