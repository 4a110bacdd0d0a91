"""What is kept of a person's files, as rows of their export; the bytes are downloaded as ever."""

from collections.abc import Iterator
from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.users.data_export import Row, iterate_rows, select_fields
from accounts.users.erasure import user_erased
from files.models import File, Share, Upload
from files.uploads.state import mark_failed

FILE_FIELDS = "id name size created_at updated_at deleted_at"


UPLOAD_FIELDS = "id name size content_type state reason created_at expires_at"


STORED_STATES = (Upload.State.READY, Upload.State.PURGED)


SHARE_FIELDS = "id file_id created_at expires_at max_downloads downloads revoked_at"


def export_files(person: User) -> Iterator[Row]:
    """Give the person's files, those in the trash too."""
    for file in iterate_rows(File.objects.select_related("current").filter(owner=person)):
        current = select_fields(file.current, "content_type sha256")
        yield {**select_fields(file, FILE_FIELDS), **current, "version": file.current.number}


def export_uploads(person: User) -> Iterator[Row]:
    """Give what the person began to send and no file came of, as they announced it."""
    for upload in iterate_rows(
        Upload.objects.filter(created_by=person).exclude(state__in=STORED_STATES)
    ):
        yield select_fields(upload, UPLOAD_FIELDS)


def export_shares(person: User) -> Iterator[Row]:
    """Give the links to files that the person made, without what opens them."""
    for share in iterate_rows(Share.objects.filter(created_by=person)):
        yield {**select_fields(share, SHARE_FIELDS), "has_password": bool(share.password)}


# What happens to uploads when somebody is forgotten.


@receiver(user_erased, dispatch_uid="files.person_erased")
def _erase_upload_names(person: User, **_: Any) -> None:
    """Forget what they called their uploads; what became of them is the workspace's, and stays.

    Nobody completes those that are under way any more. The store is cleared of them later.
    """
    uploads = Upload.objects.filter(created_by=person)
    uploads.exclude(name="").update(name="")
    pending = uploads.filter(state=Upload.State.PENDING).values_list("pk", flat=True)
    mark_failed(list(pending), Upload.Reason.ABORTED)
