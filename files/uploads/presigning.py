"""Addresses that a client sends bytes to. They are signed here, without asking the store.

The length is part of the signature, so nobody can send more than was reserved; so are the content
type of a single upload, and its SHA-256 if it was announced, as a parameter of the address, which
asks nothing of the client.
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
    """Return an address for each part; a single upload has one part, number 1."""
    if upload.strategy == Upload.Strategy.SINGLE:
        return [_presign_single(upload) for _ in numbers]
    return [_presign_part(upload, number) for number in numbers]


def required_headers(upload: Upload) -> dict[str, str]:
    """Return the header fields that a client must send along with the bytes."""
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
    left = upload.expires_at - timezone.now()
    longest = timedelta(seconds=settings.UPLOAD_URL_SECONDS)
    seconds = max(1, int(min(left, longest).total_seconds()))
    url: str = signing_client().generate_presigned_url(
        operation, Params=parameters, ExpiresIn=seconds
    )
    return url


def base64_checksum(sha256: str) -> str:
    """Return a SHA-256 as stores take it: base64 instead of hexadecimal."""
    return b64encode(bytes.fromhex(sha256)).decode()
