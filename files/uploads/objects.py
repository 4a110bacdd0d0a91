"""The parts of a multipart upload, as the store has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from files.models import Upload
from files.storage.backend import tenant_storage
from files.storage.bucket import NO_SUCH_UPLOAD, abort_multipart, place_of
from files.storage.client import answering, client, error_code
from files.storage.writer import STORED_AS


@dataclass(frozen=True, slots=True)
class Part:
    """One part that the store has."""

    number: int
    size: int
    etag: str


def begin_multipart(upload: Upload) -> None:
    """Make the store expect parts, and keep its id of that. Raises StorageUnavailable.

    Of two who begin at once one is kept, and the other's is called off at the store.
    """
    with answering():
        begun = client().create_multipart_upload(**where(upload), **STORED_AS)["UploadId"]
    rows = Upload.objects.filter(pk=upload.pk, multipart_id="", state=Upload.State.PENDING)
    if rows.update(multipart_id=begun):
        upload.multipart_id = begun
        return
    abort_multipart(key_of(upload), begun)
    upload.refresh_from_db(fields=["multipart_id"])


def stored_parts(upload: Upload) -> list[Part]:
    """Return the parts that the store has, by number. Raises StorageUnavailable, UploadEnded."""
    if not upload.multipart_id:
        return []
    with answering():
        try:
            return list(_listed(upload))
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


def key_of(upload: Upload) -> str:
    """Return the whole key under which an upload's object stays."""
    return tenant_storage().key_of(upload.object_name)


def where(upload: Upload) -> dict[str, str]:
    """Return the place of an upload's object in the store, for its requests."""
    return place_of(key_of(upload))


def _listed(upload: Upload) -> Iterator[Part]:
    pages: Iterator[dict[str, Any]] = (
        client().get_paginator("list_parts").paginate(**where(upload), UploadId=upload.multipart_id)
    )
    for page in pages:
        for part in page.get("Parts", []):
            yield Part(part["PartNumber"], part["Size"], part["ETag"])
