"""Objects of an upload in the store: its staging object, its final object, and its parts.

A presigned URL can be written to until it expires, even after the file was created. So a single
upload is sent to a staging object. The store copies the verified bytes from there to the final
object, which no URL can write to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from files.models import Upload
from files.storage.backend import tenant_storage
from files.storage.bucket import NO_SUCH_UPLOAD, abort_multipart, object_location
from files.storage.client import client, error_code, translate_storage_errors
from files.storage.writer import OBJECT_HEADERS

STAGING_PREFIX = "incoming/"


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part of a multipart upload that the store has."""

    number: int
    size: int
    etag: str


def staging_name(upload: Upload) -> str:
    """Return the name of the staging object, relative to the tenant's prefix."""
    return f"{STAGING_PREFIX}{upload.id}"


def staging_key(upload: Upload) -> str:
    """Return the full key of the staging object."""
    return tenant_storage().key_of(staging_name(upload))


def object_key(upload: Upload) -> str:
    """Return the full key of the final object."""
    return tenant_storage().key_of(upload.object_name)


def upload_location(upload: Upload) -> dict[str, str]:
    """Return the parameters that name the final object in a request."""
    return object_location(object_key(upload))


def part_count(upload: Upload) -> int:
    """Return the number of parts of the file."""
    return max(1, -(-(upload.size or 0) // (upload.part_size or 1)))


def part_length(upload: Upload, number: int) -> int:
    """Return the length of a part; only the last one may be shorter."""
    size, part_size = upload.size or 0, upload.part_size or 0
    return min(part_size, size - part_size * (number - 1))


def create_multipart(upload: Upload) -> None:
    """Create the multipart upload in the store and save its id. Raises: StorageUnavailable.

    Of two concurrent calls one id is saved, and the other multipart upload is aborted.
    """
    with translate_storage_errors():
        created = client().create_multipart_upload(**upload_location(upload), **OBJECT_HEADERS)
    multipart_id = created["UploadId"]
    rows = Upload.objects.filter(pk=upload.pk, multipart_id="", state=Upload.State.PENDING)
    if rows.update(multipart_id=multipart_id):
        upload.multipart_id = multipart_id
        return
    abort_multipart(object_key(upload), multipart_id)
    upload.refresh_from_db(fields=["multipart_id"])


def list_parts(upload: Upload) -> list[UploadedPart]:
    """Return the parts that the store has, ordered by number. Raises: StorageUnavailable."""
    if not upload.multipart_id:
        return []
    with translate_storage_errors():
        try:
            return list(_iter_parts(upload))
        except ClientError as exc:
            if error_code(exc) != NO_SUCH_UPLOAD:
                raise
            return []


def _iter_parts(upload: Upload) -> Iterator[UploadedPart]:
    paginator = client().get_paginator("list_parts")
    pages: Iterator[dict[str, Any]] = paginator.paginate(
        **upload_location(upload), UploadId=upload.multipart_id
    )
    for page in pages:
        for part in page.get("Parts", []):
            yield UploadedPart(part["PartNumber"], part["Size"], part["ETag"])
