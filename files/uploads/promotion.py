"""Promotion: the staged object of an upload is found or assembled, and moved to its final key."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from botocore.exceptions import ClientError

from core.problems import StorageUnavailable
from files.models import Upload
from files.problems import UploadIncomplete
from files.storage.bucket import CHANGED_CODES, NO_SUCH_UPLOAD, head_object, object_location
from files.storage.client import client, error_code, translate_storage_errors
from files.storage.deletion import delete_noncurrent_versions, purge_key
from files.storage.writer import OBJECT_HEADERS
from files.uploads.objects import (
    UploadedPart,
    list_parts,
    object_key,
    part_count,
    part_length,
    staging_key,
    upload_location,
)

SINGLE = Upload.Strategy.SINGLE
MAX_MISSING_LISTED = 100
ClaimedParts = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in the store: its key, and the ETag of its content."""

    key: str
    etag: str


def find_or_assemble(upload: Upload, claimed: ClaimedParts) -> StoredObject:
    """Return the complete object of an upload; assemble its parts if that is still to be done.

    ``claimed`` maps the part numbers that the client believes to have sent to their ETags.

    Raises: UploadIncomplete, StorageUnavailable.
    """
    if upload.strategy == SINGLE:
        return _find_staged(upload)
    return _find_or_assemble_parts(upload, claimed)


def find_object(key: str) -> StoredObject | None:
    """Return the object at a key, None if there is none. Raises: StorageUnavailable."""
    metadata = head_object(key)
    return None if metadata is None else StoredObject(key, metadata["ETag"])


def promote(upload: Upload, stored: StoredObject) -> None:
    """Copy a verified object to its final key, where no presigned URL can write.

    Raises: UploadIncomplete (if the object has changed), StorageUnavailable.
    """
    if stored.key == object_key(upload):
        return
    with translate_storage_errors():
        try:
            copied = client().copy_object(
                **upload_location(upload),
                CopySource=object_location(stored.key),
                CopySourceIfMatch=stored.etag,
                MetadataDirective="REPLACE",
                **OBJECT_HEADERS,
            )
        except ClientError as exc:
            if error_code(exc) not in CHANGED_CODES:
                raise
            raise UploadIncomplete(members={"missing": [1]}) from exc
    if "VersionId" in copied:
        # A process that was killed after its promotion left an older version.
        delete_noncurrent_versions(object_key(upload))


def delete_staging(upload: Upload) -> None:
    """Delete the staging object. Until its URL expires it may be sent again (cleanup.py)."""
    if upload.strategy == SINGLE:
        with suppress(StorageUnavailable):
            purge_key(staging_key(upload))


def _find_staged(upload: Upload) -> StoredObject:
    """Return the staged object, or the final one if a previous attempt already promoted it."""
    stored = find_object(staging_key(upload)) or find_object(object_key(upload))
    if stored is None:
        raise UploadIncomplete(members={"missing": [1]})
    return stored


def _find_or_assemble_parts(upload: Upload, claimed: ClaimedParts) -> StoredObject:
    parts = list_parts(upload)
    stored = None if parts else find_object(object_key(upload))
    if stored is None:
        _require_all_parts(upload, parts, claimed)
        _complete_multipart(upload, parts)
        stored = find_object(object_key(upload))
    if stored is None:
        raise UploadIncomplete
    return stored


def _require_all_parts(upload: Upload, parts: list[UploadedPart], claimed: ClaimedParts) -> None:
    """Raise UploadIncomplete with the numbers of missing or wrong parts."""
    by_number = {part.number: part for part in parts}
    wrong = [
        number
        for number in range(1, part_count(upload) + 1)
        if number not in by_number
        or by_number[number].size != part_length(upload, number)
        or claimed.get(number, by_number[number].etag).strip('"')
        != by_number[number].etag.strip('"')
    ]
    if wrong or len(by_number) > part_count(upload):
        raise UploadIncomplete(members={"missing": wrong[:MAX_MISSING_LISTED]})


def _complete_multipart(upload: Upload, parts: list[UploadedPart]) -> None:
    part_etags = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
    with translate_storage_errors():
        try:
            client().complete_multipart_upload(
                **upload_location(upload),
                UploadId=upload.multipart_id,
                MultipartUpload={"Parts": part_etags},
            )
        except ClientError as exc:
            # A concurrent call completed or aborted it. Whether an object exists tells which.
            if error_code(exc) not in {NO_SUCH_UPLOAD, "InvalidPart"}:
                raise
