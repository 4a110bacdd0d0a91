"""What has arrived in the store of an upload from a client: found, put together, moved to stay."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from botocore.exceptions import ClientError

from core.problems import StorageUnavailable
from files.models import Upload
from files.problems import UploadIncomplete
from files.storage.bucket import CHANGED_CODES, NO_SUCH_UPLOAD, head_object, object_location
from files.storage.client import client, error_code, translate_storage_errors
from files.storage.deletion import delete_noncurrent_versions
from files.storage.writer import OBJECT_HEADERS, purge_key
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
    """An object that somebody sent: where it is, and the store's word for what it holds."""

    key: str
    etag: str


def find_or_assemble(upload: Upload, claimed: ClaimedParts) -> StoredObject:
    """Return the whole object of an upload, put together now if nobody did so before.

    ``claimed`` are the parts that the client believes to have sent, number to ETag. Raises
    UploadIncomplete, StorageUnavailable.
    """
    return (
        _find_staged(upload)
        if upload.strategy == SINGLE
        else _find_or_assemble_parts(upload, claimed)
    )


def promote(upload: Upload, seen: StoredObject) -> None:
    """Copy what was verified to where nobody can write. Raises UploadIncomplete if it changed."""
    if seen.key == object_key(upload):
        return
    with translate_storage_errors():
        try:
            copied = client().copy_object(
                **upload_location(upload),
                CopySource=object_location(seen.key),
                CopySourceIfMatch=seen.etag,
                MetadataDirective="REPLACE",
                **OBJECT_HEADERS,
            )
        except ClientError as exc:
            if error_code(exc) not in CHANGED_CODES:
                raise
            raise UploadIncomplete(members={"missing": [1]}) from exc
    if "VersionId" in copied:
        delete_noncurrent_versions(
            object_key(upload)
        )  # of one who came as far as this before, and died


def delete_staging(upload: Upload) -> None:
    """Take the landed bytes away; until its address expires they may come again (settling.py)."""
    if upload.strategy == SINGLE:
        with suppress(StorageUnavailable):
            purge_key(staging_key(upload))


def find_object(key: str) -> StoredObject | None:
    """Return the object under a key, None if the store has none. Raises StorageUnavailable."""
    found = head_object(key)
    return None if found is None else StoredObject(key, found["ETag"])


def _find_staged(upload: Upload) -> StoredObject:
    """It is where it landed, or, if somebody came as far as that before, where it stays."""
    found = find_object(staging_key(upload)) or find_object(object_key(upload))
    if found is None:
        raise UploadIncomplete(members={"missing": [1]})
    return found


def _find_or_assemble_parts(upload: Upload, claimed: ClaimedParts) -> StoredObject:
    parts = list_parts(upload)
    found = None if parts else find_object(object_key(upload))
    if found is None:
        _require_all_parts(upload, parts, claimed)
        _complete_multipart(upload, parts)
        found = find_object(object_key(upload))
    if found is None:
        raise UploadIncomplete
    return found


def _require_all_parts(upload: Upload, parts: list[UploadedPart], claimed: ClaimedParts) -> None:
    """Raise UploadIncomplete, naming what is missing or another part than the client sent."""
    there = {part.number: part for part in parts}
    wrong = [
        number
        for number in range(1, part_count(upload) + 1)
        if number not in there
        or there[number].size != part_length(upload, number)
        or claimed.get(number, there[number].etag).strip('"') != there[number].etag.strip('"')
    ]
    if wrong or len(there) > part_count(upload):
        raise UploadIncomplete(members={"missing": wrong[:MAX_MISSING_LISTED]})


def _complete_multipart(upload: Upload, parts: list[UploadedPart]) -> None:
    named = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
    with translate_storage_errors():
        try:
            client().complete_multipart_upload(
                **upload_location(upload),
                UploadId=upload.multipart_id,
                MultipartUpload={"Parts": named},
            )
        except ClientError as exc:
            # Somebody else completes or aborts it; whether there is an object tells which.
            if error_code(exc) not in {NO_SUCH_UPLOAD, "InvalidPart"}:
                raise
