"""Requests to the bucket that several modules share."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from files.storage.client import client, error_code, http_status, translate_storage_errors

# The error code for a multipart upload that was completed, aborted, or never created.
NO_SUCH_UPLOAD = "NoSuchUpload"
NO_SUCH_KEY = "NoSuchKey"
# The error codes when an object no longer has the ETag that a request names.
CHANGED_CODES = (NO_SUCH_KEY, "PreconditionFailed")
PAGE_SIZE = (
    1000  # what stores give and take at most (Amazon S3 API, "ListObjectsV2", "DeleteObjects")
)


def object_location(key: str) -> dict[str, str]:
    """Return the parameters that name an object in a request."""
    return {"Bucket": settings.S3_BUCKET, "Key": key}


def key_prefix(object_prefix: str) -> str:
    """Return the prefix of keys with its slash. Raises: ValueError (for an empty prefix)."""
    if not object_prefix.strip("/"):
        raise ValueError("An empty prefix would be the whole bucket.")
    return f"{object_prefix.rstrip('/')}/"


def head_object(key: str) -> dict[str, Any] | None:
    """Return an object's metadata, such as ``ContentLength`` and ``ETag``; None if it is missing.

    Raises: StorageUnavailable.
    """
    with translate_storage_errors():
        try:
            response: dict[str, Any] = client().head_object(**object_location(key))
        except ClientError as exc:
            if http_status(exc) != HTTPStatus.NOT_FOUND and not _is_missing(key, exc):
                raise
            return None
    return response


def abort_multipart(key: str, multipart_id: str) -> None:
    """Abort a multipart upload, so that the store drops its parts. It may have ended already.

    Raises: StorageUnavailable.
    """
    with translate_storage_errors():
        try:
            client().abort_multipart_upload(**object_location(key), UploadId=multipart_id)
        except ClientError as exc:
            if error_code(exc) != NO_SUCH_UPLOAD:
                raise


def list_pages(
    operation: str, object_prefix: str, page_size: int = PAGE_SIZE
) -> Iterator[dict[str, Any]]:
    """Yield the pages of a listing of a prefix, with ``page_size`` entries each.

    Raises: ValueError (for an empty prefix), StorageUnavailable.
    """
    location = {"Bucket": settings.S3_BUCKET, "Prefix": key_prefix(object_prefix)}
    with translate_storage_errors():
        yield from (
            client()
            .get_paginator(operation)
            .paginate(**location, PaginationConfig={"PageSize": page_size})
        )


def _is_missing(key: str, exc: ClientError) -> bool:
    """Whether a refusal only means that there is no such object.

    Amazon answers 403 for a missing object to callers that may list only one prefix (S3 API,
    "HeadObject").
    """
    if http_status(exc) != HTTPStatus.FORBIDDEN:
        return False
    listing = client().list_objects_v2(Bucket=settings.S3_BUCKET, Prefix=key, MaxKeys=1)
    return all(item["Key"] != key for item in listing.get("Contents", []))
