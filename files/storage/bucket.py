"""The bucket: places in it, and the requests that more than one module makes of it."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from files.storage.client import client, error_code, http_status, translate_storage_errors

# The store's word for a multipart upload that was completed, aborted, or never begun.
NO_SUCH_UPLOAD = "NoSuchUpload"
NO_SUCH_KEY = "NoSuchKey"
# Its words, to who names an ETag, for an object that is not what it was.
CHANGED_CODES = (NO_SUCH_KEY, "PreconditionFailed")
PAGE_SIZE = (
    1000  # what stores give and take at most (Amazon S3 API, "ListObjectsV2", "DeleteObjects")
)
CHUNK_BYTES = 1024 * 1024


def object_location(key: str) -> dict[str, str]:
    """Return what names an object in a request to the store."""
    return {"Bucket": settings.S3_BUCKET, "Key": key}


def key_prefix(object_prefix: str) -> str:
    """Return what the keys under a prefix begin with. Raises ValueError for an empty prefix."""
    if not object_prefix.strip("/"):
        raise ValueError("An empty prefix would be the whole bucket.")
    return f"{object_prefix.rstrip('/')}/"


def head_object(key: str) -> dict[str, Any] | None:
    """Return what the store says of an object, such as ``ContentLength`` and ``ETag``.

    None if it has none under this key. Raises StorageUnavailable.
    """
    with translate_storage_errors():
        try:
            answer: dict[str, Any] = client().head_object(**object_location(key))
        except ClientError as exc:
            if http_status(exc) != HTTPStatus.NOT_FOUND and not _is_missing(key, exc):
                raise
            return None
    return answer


def _is_missing(key: str, exc: ClientError) -> bool:
    """Whether a refusal only hides that there is no such object.

    Amazon says so of a missing object to whoever may list a prefix alone (S3 API, "HeadObject").
    """
    if http_status(exc) != HTTPStatus.FORBIDDEN:
        return False
    found = client().list_objects_v2(Bucket=settings.S3_BUCKET, Prefix=key, MaxKeys=1)
    return all(item["Key"] != key for item in found.get("Contents", []))


def read_object(key: str, **conditions: str) -> Iterator[bytes] | None:
    """Return an object's bytes as they come from the store, a MiB at a time.

    None if it has none there, or none that meets the ``conditions``, such as ``IfMatch``. Raises
    StorageUnavailable, also while the bytes are read.
    """
    with translate_storage_errors():
        try:
            body = client().get_object(**object_location(key), **conditions)["Body"]
        except ClientError as exc:
            if error_code(exc) not in CHANGED_CODES:
                raise
            return None

    def chunks() -> Iterator[bytes]:
        with translate_storage_errors():
            try:
                yield from body.iter_chunks(CHUNK_BYTES)
            finally:
                body.close()

    return chunks()


def abort_multipart(key: str, multipart_id: str) -> None:
    """Make the store drop the parts of a multipart upload; it may be over already.

    Raises StorageUnavailable.
    """
    with translate_storage_errors():
        try:
            client().abort_multipart_upload(**object_location(key), UploadId=multipart_id)
        except ClientError as exc:
            if error_code(exc) != NO_SUCH_UPLOAD:
                raise


def list_pages(
    operation: str, object_prefix: str, at_once: int = PAGE_SIZE
) -> Iterator[dict[str, Any]]:
    """Give the answers to a listing of what lies under a prefix, ``at_once`` entries in each.

    Raises ValueError for an empty prefix, StorageUnavailable.
    """
    where = {"Bucket": settings.S3_BUCKET, "Prefix": key_prefix(object_prefix)}
    with translate_storage_errors():
        yield from (
            client()
            .get_paginator(operation)
            .paginate(**where, PaginationConfig={"PageSize": at_once})
        )
