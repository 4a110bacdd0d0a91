"""The parts of a multipart upload, as the store has them."""

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
    """One part that the store has."""

    number: int
    size: int
    etag: str


def create_multipart(upload: Upload) -> None:
    """Make the store expect parts, and keep its id of that. Raises StorageUnavailable.

    Of two who begin at once one is kept, and the other's is called off at the store.
    """
    with translate_storage_errors():
        begun = client().create_multipart_upload(**upload_location(upload), **OBJECT_HEADERS)[
            "UploadId"
        ]
    rows = Upload.objects.filter(pk=upload.pk, multipart_id="", state=Upload.State.PENDING)
    if rows.update(multipart_id=begun):
        upload.multipart_id = begun
        return
    abort_multipart(object_key(upload), begun)
    upload.refresh_from_db(fields=["multipart_id"])


def list_parts(upload: Upload) -> list[UploadedPart]:
    """Return the parts that the store has, by number. Raises StorageUnavailable, UploadEnded."""
    if not upload.multipart_id:
        return []
    with translate_storage_errors():
        try:
            return list(_iter_parts(upload))
        except ClientError as exc:
            if error_code(exc) != NO_SUCH_UPLOAD:
                raise
            return []


def part_count(upload: Upload) -> int:
    """Return how many parts the file has."""
    return max(1, -(-(upload.size or 0) // (upload.part_size or 1)))


def part_length(upload: Upload, number: int) -> int:
    """Return how many bytes a part has: all the same but the last."""
    size, each = upload.size or 0, upload.part_size or 0
    return min(each, size - each * (number - 1))


def object_key(upload: Upload) -> str:
    """Return the whole key under which an upload's object stays."""
    return tenant_storage().key_of(upload.object_name)


def upload_location(upload: Upload) -> dict[str, str]:
    """Return the place of an upload's object in the store, for its requests."""
    return object_location(object_key(upload))


def _iter_parts(upload: Upload) -> Iterator[UploadedPart]:
    pages: Iterator[dict[str, Any]] = (
        client()
        .get_paginator("list_parts")
        .paginate(**upload_location(upload), UploadId=upload.multipart_id)
    )
    for page in pages:
        for part in page.get("Parts", []):
            yield UploadedPart(part["PartNumber"], part["Size"], part["ETag"])


# Where the bytes of a single upload land before they become an object that stays.
#
# Whoever holds a signed address can write to it until it expires, also after the file was made. So
# it leads to a place of its own; from there the store copies what was verified, and nobody can
# write to the copy.


def staging_name(upload: Upload) -> str:
    """Return the name, below the tenant's prefix, that a single upload's address is signed for."""
    return f"{STAGING_PREFIX}{upload.id}"


def staging_key(upload: Upload) -> str:
    """Return the whole key of that place, in the part of the current tenant."""
    return tenant_storage().key_of(staging_name(upload))
