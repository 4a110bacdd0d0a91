"""Uploads from a client straight to the store: begun, looked at and called off here."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from core.problems import NotFound
from files.content_types import OCTET_STREAM
from files.filenames import validate_path
from files.models import Upload
from files.problems import FileTooLarge, UploadCompleted, UploadEnded, UploadVerifying
from files.storage.writer import part_size_for
from files.uploads.cleanup import abandon
from files.uploads.objects import create_multipart
from files.uploads.start_deadline import confirm_started
from files.uploads.state import reserve_upload
from tenants.context import current_tenant
from tenants.limits import limits_of

PENDING, READY = Upload.State.PENDING, Upload.State.READY
SINGLE, MULTIPART = Upload.Strategy.SINGLE, Upload.Strategy.MULTIPART


@dataclass(frozen=True, slots=True)
class UploadSpec:
    """What a client says of a file that it is about to send; ``sha256`` in hexadecimal or empty."""

    name: str
    size: int
    content_type: str = OCTET_STREAM
    sha256: str = ""


def create_upload(announced: UploadSpec, *, user: User) -> Upload:
    """Reserve room for a file and decide how its bytes are to come. Nothing is in the store yet.

    Raises ValidationFailed for a name that cannot be, FileTooLarge, QuotaExceeded, TooManyUploads.
    """
    name = validate_path(announced.name, field="name")
    most = limits_of(current_tenant()).file_max_bytes
    if announced.size > most:
        raise FileTooLarge(f"Send at most {most} bytes.")
    single = announced.size <= settings.UPLOAD_SINGLE_BYTES
    return reserve_upload(
        user=user,
        strategy=SINGLE if single else MULTIPART,
        name=name,
        size=announced.size,
        content_type=announced.content_type,
        sha256=announced.sha256.lower(),
        part_size=announced.size if single else part_size_for(announced.size),
    )


def ensure_multipart(upload: Upload) -> Upload:
    """Return the upload ready to take bytes: the store knows of its parts from now on.

    Apart from announcing it, and safe to repeat, because the row must be committed first.
    Raises StorageUnavailable.
    """
    if upload.strategy == MULTIPART and upload.state == PENDING and not upload.multipart_id:
        create_multipart(upload)
    return upload


def own_upload(user: User, upload_id: uuid.UUID) -> Upload:
    """Return an upload that a person announced. Raises NotFound for everybody else's."""
    return _get_upload(_direct_uploads().filter(created_by=user), upload_id)


def visible_upload(user: User, upload_id: uuid.UUID) -> Upload:
    """Return an upload that a user may look at and end. Raises NotFound."""
    return _get_upload(_visible_uploads(user), upload_id)


def open_uploads(user: User) -> QuerySet[Upload]:
    """Return the uploads under way that a user may look at and end.

    Members see their own; owners and administrators see everybody's, because what is reserved is
    taken from all.
    """
    return _visible_uploads(user).filter(state=PENDING)


def _visible_uploads(user: User) -> QuerySet[Upload]:
    return _direct_uploads() if user.manages else _direct_uploads().filter(created_by=user)


def _direct_uploads() -> QuerySet[Upload]:
    rows = Upload.objects.filter(strategy__in=(SINGLE, MULTIPART))
    return rows.exclude(state=Upload.State.PURGED)


def _get_upload(rows: QuerySet[Upload], upload_id: uuid.UUID) -> Upload:
    found = rows.filter(pk=upload_id).first()
    if found is None:
        raise NotFound
    return found


def writable_upload(user: User, upload_id: uuid.UUID) -> Upload:
    """Return an upload that can still take bytes.

    What is met too late is ended here. Raises NotFound, UploadCompleted, UploadVerifying, and
    UploadEnded.
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


def _is_expired(upload: Upload) -> bool:
    now = timezone.now()
    unstarted = upload.start_by is not None and upload.start_by < now
    return upload.expires_at < now or (unstarted and not confirm_started(upload))


def require_pending(upload: Upload) -> None:
    """Raise UploadEnded, with the reason, for an upload that no file can come of any more."""
    if upload.state != PENDING:
        raise UploadEnded(members={"reason": upload.reason})


def abort_upload(upload_id: uuid.UUID, *, user: User, check: Callable[[Upload], None]) -> None:
    """Call an upload off; repeating it changes nothing. ``check`` sees it first.

    Raises NotFound, UploadCompleted, and whatever ``check`` raises.

    Owners and administrators may end everybody's. One that is being completed meanwhile either
    becomes a file or ends here, not both.
    """
    upload = visible_upload(user, upload_id)
    check(upload)
    if upload.state == PENDING and abandon(upload, Upload.Reason.ABORTED, by=user):
        return
    upload.refresh_from_db(fields=["state"])
    if upload.state == READY:
        raise UploadCompleted
