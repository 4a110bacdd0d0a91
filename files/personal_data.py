"""What is kept of a person's files, as rows of their export; the bytes are downloaded as ever."""

from collections.abc import Iterator

from accounts.models import User
from accounts.users.data_export import Row, fields_of, rows_of
from files.models import File, Share, Upload

FILE = "id name size created_at updated_at deleted_at"
UPLOAD = "id name size content_type state reason created_at expires_at"
KEPT = (Upload.State.READY, Upload.State.PURGED)
SHARE = "id file_id created_at expires_at max_downloads downloads revoked_at"


def files(person: User) -> Iterator[Row]:
    """Give the person's files, those in the trash too."""
    for file in rows_of(File.objects.select_related("current").filter(owner=person)):
        current = fields_of(file.current, "content_type sha256")
        yield {**fields_of(file, FILE), **current, "version": file.current.number}


def uploads(person: User) -> Iterator[Row]:
    """Give what the person began to send and no file came of, as they announced it."""
    for upload in rows_of(Upload.objects.filter(created_by=person).exclude(state__in=KEPT)):
        yield fields_of(upload, UPLOAD)


def shares(person: User) -> Iterator[Row]:
    """Give the links to files that the person made, without what opens them."""
    for share in rows_of(Share.objects.filter(created_by=person)):
        yield {**fields_of(share, SHARE), "has_password": bool(share.password)}
