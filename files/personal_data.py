"""Personal data of a user in files: rows of the data export, and erasure.

The export lists files; their content is downloaded through the API as usual.
"""

from collections.abc import Iterator

from accounts.models import User
from accounts.users.data_export import Row, iterate_rows, select_fields
from files.models import File, Share, Upload
from files.uploads.state import mark_failed

FILE_FIELDS = "id name size created_at updated_at deleted_at"
UPLOAD_FIELDS = "id name size content_type state reason created_at expires_at"
STORED_STATES = (Upload.State.READY, Upload.State.PURGED)
SHARE_FIELDS = "id file_id created_at expires_at max_downloads downloads revoked_at"


def export_files(user: User) -> Iterator[Row]:
    """Yield the user's files, including those in the trash."""
    for file in iterate_rows(File.objects.select_related("current").filter(owner=user)):
        current = select_fields(file.current, "content_type sha256")
        yield {**select_fields(file, FILE_FIELDS), **current, "version": file.current.number}


def export_uploads(user: User) -> Iterator[Row]:
    """Yield the user's uploads that became no file, with the values that the client declared."""
    uploads = Upload.objects.filter(created_by=user).exclude(state__in=STORED_STATES)
    for upload in iterate_rows(uploads):
        yield select_fields(upload, UPLOAD_FIELDS)


def export_shares(user: User) -> Iterator[Row]:
    """Yield the shares that the user created, without token and password."""
    for share in iterate_rows(Share.objects.filter(created_by=user)):
        yield {**select_fields(share, SHARE_FIELDS), "has_password": bool(share.password)}


def erase_upload_names(user: User) -> None:
    """Clear the file names in the user's uploads and abort the pending ones.

    The files that came of uploads belong to the tenant and stay. Objects of aborted uploads are
    deleted by the next clean-up.
    """
    uploads = Upload.objects.filter(created_by=user)
    uploads.exclude(name="").update(name="")
    pending = uploads.filter(state=Upload.State.PENDING).values_list("pk", flat=True)
    mark_failed(list(pending), Upload.Reason.ABORTED)
