"""Objects of an upload in the store: staging object, final object, parts, presigned URLs.

A presigned URL can be written to until it expires, even after the file was created. So a single
upload is sent to a staging object. The store copies the verified bytes from there to the final
object, which no URL can write to.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings
from django.utils import timezone

from files.models import Upload
from files.storage.bucket import NO_SUCH_UPLOAD, abort_multipart, object_location
from files.storage.client import client, error_code, signing_client, translate_storage_errors
from files.storage.configured import tenant_storage
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


# Presigned URLs that a client sends an upload to, computed without a request to the store.
#
# The content length is signed, so no client can send more than was reserved. So are the content
# type of a single upload and its declared SHA-256. The SHA-256 is a query parameter, so the client
# need not send it.


def presigned_urls(upload: Upload, numbers: Iterable[int]) -> list[str]:
    """Return a URL for each part; a single upload has one part, number 1."""
    if upload.strategy == Upload.Strategy.SINGLE:
        return [_presign_single(upload) for _ in numbers]
    return [_presign_part(upload, number) for number in numbers]


def required_headers(upload: Upload) -> dict[str, str]:
    """Return the headers that the client must send with the bytes."""
    if upload.strategy == Upload.Strategy.SINGLE:
        return {"Content-Type": upload.content_type}
    return {}


def _presign_single(upload: Upload) -> str:
    return _presign(
        upload,
        "put_object",
        Bucket=settings.S3_BUCKET,
        Key=staging_key(upload),
        ContentType=upload.content_type,
        ContentLength=upload.size,
        **({"ChecksumSHA256": base64_checksum(upload.sha256)} if upload.sha256 else {}),
    )


def _presign_part(upload: Upload, number: int) -> str:
    return _presign(
        upload,
        "upload_part",
        **upload_location(upload),
        UploadId=upload.multipart_id,
        PartNumber=number,
        ContentLength=part_length(upload, number),
    )


def _presign(upload: Upload, operation: str, **parameters: Any) -> str:
    remaining = upload.expires_at - timezone.now()
    max_lifetime = timedelta(seconds=settings.UPLOAD_URL_SECONDS)
    seconds = max(1, int(min(remaining, max_lifetime).total_seconds()))
    url: str = signing_client().generate_presigned_url(
        operation, Params=parameters, ExpiresIn=seconds
    )
    return url


def base64_checksum(sha256: str) -> str:
    """Return a hexadecimal SHA-256 in base64, as stores expect it."""
    return b64encode(bytes.fromhex(sha256)).decode()
