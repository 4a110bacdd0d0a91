"""From bytes in the store to a file: put together, looked at, and only then kept.

Every step can be repeated, because each asks the store what is there: a client may call again
after an answer that was lost, two may call at once, and the backend may die between any two steps.
"""

import hashlib
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings
from django.db import transaction

from accounts.actors import actor_of
from accounts.models import User
from audit.services import record
from core.problems import NotFound, StorageUnavailable
from files.models import File, FileVersion, Upload
from files.problems import ChecksumMismatch, UploadIncomplete
from files.services import keep_file
from files.sniffing import HEAD_BYTES
from files.storage import tenant_storage
from files.store import answering, client, error_code
from files.uploads.direct import (
    PENDING,
    READY,
    SINGLE,
    own_upload,
    require_pending,
    target_of_upload,
)
from files.uploads.landing import landing_name
from files.uploads.parts import NO_SUCH_UPLOAD, Part, part_count, part_length, stored_parts, where
from files.uploads.settling import give_up, tidy
from files.writing import STORED_AS, Written, clear

CHUNK_BYTES = 1024 * 1024
MOST_NAMED = 100
Claimed = Mapping[int, str]


def complete_upload(upload_id: uuid.UUID, *, claimed: Claimed, user: User) -> File:
    """Make the file that was announced of what the client has sent, and return it.

    ``claimed`` are the parts that the client believes to have sent, number to ETag; it may be
    empty. Calling it again returns the same file. Raises NotFound, UploadIncomplete,
    ChecksumMismatch, UploadEnded, StorageUnavailable.
    """
    upload = own_upload(user, upload_id)
    if upload.state == READY:
        return file_of_upload(upload)
    require_pending(upload)
    arrived = _landed(upload) if upload.strategy == SINGLE else _assembled(upload, claimed)
    written = _verified(upload, arrived, user)
    if arrived["Key"] != where(upload)["Key"]:
        _settle_in(upload, arrived)
    file = _kept(upload, written, user)
    if upload.strategy == SINGLE:
        _leave_landing(upload)
    return file


def file_of_upload(upload: Upload) -> File:
    """Return the file that a ready upload became, as it is now. Raises NotFound once purged."""
    rows = FileVersion.objects.select_related("file__current")
    version = rows.filter(pk=upload.pk).first()
    if version is None:
        raise NotFound
    return version.file


def _landed(upload: Upload) -> dict[str, Any]:
    """Return what the store says of the object of a single upload. Raises UploadIncomplete.

    It is where it landed, or, if somebody came as far as that before, where it stays.
    """
    landing = {**where(upload), "Key": tenant_storage().key_of(landing_name(upload))}
    for place in (landing, where(upload)):
        if (found := _head(place)) is not None:
            return {**place, **found}
    raise UploadIncomplete(members={"missing": [1]})


def _assembled(upload: Upload, claimed: Claimed) -> dict[str, Any]:
    """Put the parts together, unless somebody did so before. Raises UploadIncomplete."""
    parts = stored_parts(upload)
    found = None if parts else _head(where(upload))
    if found is None:
        _require_whole(upload, parts, claimed)
        _put_together(upload, parts)
        found = _head(where(upload))
    if found is None:
        raise UploadIncomplete
    return {**where(upload), **found}


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


def _head(place: Mapping[str, str]) -> dict[str, Any] | None:
    """Return size and ETag of an object, None if the store has none."""
    with answering():
        try:
            found = client().head_object(**place)
        except ClientError as exc:
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return None
    return {"ContentLength": found["ContentLength"], "ETag": found["ETag"]}


def _verified(upload: Upload, arrived: dict[str, Any], user: User) -> Written:
    """Read the object once and compare it with what was announced. Raises ChecksumMismatch."""
    digest, size, head = hashlib.sha256(), 0, b""
    with answering():
        body = client().get_object(
            Bucket=arrived["Bucket"], Key=arrived["Key"], IfMatch=arrived["ETag"]
        )["Body"]
        for chunk in body.iter_chunks(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            head += chunk[: HEAD_BYTES - len(head)]
    written = Written(size, digest.hexdigest(), head)
    if size != upload.size or upload.sha256 not in ("", written.sha256):
        _refuse(upload, user)
    return written


def _refuse(upload: Upload, user: User) -> None:
    if give_up(upload, Upload.Reason.MISMATCH):
        record("upload.refused", actor=actor_of(user), target=target_of_upload(upload))
    raise ChecksumMismatch


def _settle_in(upload: Upload, arrived: dict[str, Any]) -> None:
    """Copy what was verified to where nobody can write. Raises UploadIncomplete if it changed."""
    with answering():
        try:
            client().copy_object(
                **where(upload),
                CopySource={"Bucket": settings.S3_BUCKET, "Key": arrived["Key"]},
                CopySourceIfMatch=arrived["ETag"],
                MetadataDirective="REPLACE",
                **STORED_AS,
            )
        except ClientError as exc:
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] not in (404, 412):
                raise
            raise UploadIncomplete(members={"missing": [1]}) from exc


def _kept(upload: Upload, written: Written, user: User) -> File:
    """Keep the file, or return what somebody else's call made of the upload meanwhile."""
    with transaction.atomic():
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        if locked.state == PENDING:
            return keep_file(upload=locked, name=upload.name, written=written, user=user)
    if locked.state == READY:
        return file_of_upload(locked)
    tidy(locked)  # what was put together after it had been given up
    require_pending(locked)
    raise UploadIncomplete


def _leave_landing(upload: Upload) -> None:
    """Take the landed bytes away; until its address expires they may come again (settling.py)."""
    with suppress(StorageUnavailable):
        clear(tenant_storage().key_of(landing_name(upload)))
