"""Presigned URLs that a client sends an upload to, computed without a request to the store.

The content length is signed, so no client can send more than was reserved. So are the content type
of a single upload and its declared SHA-256. The SHA-256 is a query parameter, so the client need
not send it.
"""

from base64 import b64encode
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from files.models import Upload
from files.storage.client import signing_client
from files.uploads.objects import part_length, staging_key, upload_location


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
