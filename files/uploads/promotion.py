"""What has arrived in the store of an upload from a client: found, put together, moved to stay."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from botocore.exceptions import ClientError

from core.problems import StorageUnavailable
from files.models import Upload
from files.objects.history import forget_former
from files.problems import UploadIncomplete
from files.storage.bucket import CHANGED, NO_SUCH_UPLOAD, head, place_of
from files.storage.client import answering, client, error_code
from files.storage.writer import STORED_AS, clear
from files.uploads.landing import landing_key
from files.uploads.objects import Part, key_of, part_count, part_length, stored_parts, where

SINGLE = Upload.Strategy.SINGLE
MOST_NAMED = 100
Claimed = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Arrived:
    """An object that somebody sent: where it is, and the store's word for what it holds."""

    key: str
    etag: str


def arrived(upload: Upload, claimed: Claimed) -> Arrived:
    """Return the whole object of an upload, put together now if nobody did so before.

    ``claimed`` are the parts that the client believes to have sent, number to ETag. Raises
    UploadIncomplete, StorageUnavailable.
    """
    return _landed(upload) if upload.strategy == SINGLE else _assembled(upload, claimed)


def settle_in(upload: Upload, seen: Arrived) -> None:
    """Copy what was verified to where nobody can write. Raises UploadIncomplete if it changed."""
    if seen.key == key_of(upload):
        return
    with answering():
        try:
            copied = client().copy_object(
                **where(upload),
                CopySource=place_of(seen.key),
                CopySourceIfMatch=seen.etag,
                MetadataDirective="REPLACE",
                **STORED_AS,
            )
        except ClientError as exc:
            if error_code(exc) not in CHANGED:
                raise
            raise UploadIncomplete(members={"missing": [1]}) from exc
    if "VersionId" in copied:
        forget_former(key_of(upload))  # of one who came as far as this before, and died


def leave_landing(upload: Upload) -> None:
    """Take the landed bytes away; until its address expires they may come again (settling.py)."""
    if upload.strategy == SINGLE:
        with suppress(StorageUnavailable):
            clear(landing_key(upload))


def found_at(key: str) -> Arrived | None:
    """Return the object under a key, None if the store has none. Raises StorageUnavailable."""
    found = head(key)
    return None if found is None else Arrived(key, found["ETag"])


def _landed(upload: Upload) -> Arrived:
    """It is where it landed, or, if somebody came as far as that before, where it stays."""
    found = found_at(landing_key(upload)) or found_at(key_of(upload))
    if found is None:
        raise UploadIncomplete(members={"missing": [1]})
    return found


def _assembled(upload: Upload, claimed: Claimed) -> Arrived:
    parts = stored_parts(upload)
    found = None if parts else found_at(key_of(upload))
    if found is None:
        _require_whole(upload, parts, claimed)
        _put_together(upload, parts)
        found = found_at(key_of(upload))
    if found is None:
        raise UploadIncomplete
    return found


def _require_whole(upload: Upload, parts: list[Part], claimed: Claimed) -> None:
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
        raise UploadIncomplete(members={"missing": wrong[:MOST_NAMED]})


def _put_together(upload: Upload, parts: list[Part]) -> None:
    named = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
    with answering():
        try:
            client().complete_multipart_upload(
                **where(upload), UploadId=upload.multipart_id, MultipartUpload={"Parts": named}
            )
        except ClientError as exc:
            # Somebody else completes or aborts it; whether there is an object tells which.
            if error_code(exc) not in {NO_SUCH_UPLOAD, "InvalidPart"}:
                raise
