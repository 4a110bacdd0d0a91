"""What the store has of the current tenant: objects page by page, and unfinished multiparts."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings

from files.storage import tenant_storage
from files.store import answering, client, error_code
from files.uploads.parts import NO_SUCH_UPLOAD
from tenants.context import current_tenant

VERSION_7 = 7
PAGE = 1000  # what stores give at most (Amazon S3 API, "ListObjectsV2")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object, by its name below the tenant's prefix."""

    name: str
    size: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A multipart upload that the store still waits for parts of."""

    name: str
    id: str
    since: datetime | None


def object_pages() -> Iterator[list[Stored]]:
    """Give the tenant's objects by name, up to 1000 at a time. Raises StorageUnavailable."""
    prefix = _prefix()
    for page in _pages("list_objects_v2", prefix):
        yield [
            Stored(item["Key"].removeprefix(prefix), item["Size"], item["LastModified"])
            for item in page.get("Contents", [])
        ]


def unfinished_pages() -> Iterator[list[Unfinished]]:
    """Give the tenant's unfinished multipart uploads. Raises StorageUnavailable."""
    prefix = _prefix()
    for page in _pages("list_multipart_uploads", prefix):
        yield [
            Unfinished(name, item["UploadId"], item.get("Initiated") or made_at(name))
            for item in page.get("Uploads", [])
            if (name := item["Key"].removeprefix(prefix))
        ]


def size_in_store(name: str) -> int | None:
    """Return an object's size, None if the store does not have it. Raises StorageUnavailable."""
    with answering():
        try:
            return int(client().head_object(**_where(name))["ContentLength"])
        except ClientError as exc:
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return None


def remove_object(name: str) -> None:
    """Take an object out of the store. Raises StorageUnavailable."""
    with answering():
        client().delete_object(**_where(name))


def remove_unfinished(upload: Unfinished) -> None:
    """Take the parts of a multipart upload out of the store. Raises StorageUnavailable."""
    with answering():
        try:
            client().abort_multipart_upload(**_where(upload.name), UploadId=upload.id)
        except ClientError as exc:
            if error_code(exc) != NO_SUCH_UPLOAD:  # somebody was quicker
                raise


def id_in(name: str) -> uuid.UUID | None:
    """Return the id that a name ends with, None for a name that we never give."""
    try:
        return uuid.UUID(name.rpartition("/")[2])
    except ValueError:
        return None


def made_at(name: str) -> datetime | None:
    """Return when the id in a name was made: its first 48 bits (RFC 9562, section 5.7)."""
    found = id_in(name)
    if found is None or found.version != VERSION_7:
        return None
    return datetime.fromtimestamp((found.int >> 80) / 1000, UTC)


def _prefix() -> str:
    """Return what the tenant's keys begin with. An empty one would be the whole bucket."""
    if not current_tenant().object_prefix.strip("/"):
        raise ValueError("The tenant has no prefix.")
    return f"{current_tenant().object_prefix}/"


def _where(name: str) -> dict[str, str]:
    return {"Bucket": settings.S3_BUCKET, "Key": tenant_storage().key_of(name)}


def _pages(operation: str, prefix: str) -> Iterator[dict[str, Any]]:
    with answering():
        yield from (
            client()
            .get_paginator(operation)
            .paginate(Bucket=settings.S3_BUCKET, Prefix=prefix, PaginationConfig={"PageSize": PAGE})
        )
