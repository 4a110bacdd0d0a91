"""What the store has of the current tenant: objects page by page, and unfinished multiparts."""

import hashlib
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from files.models import FileVersion, Upload
from files.storage.backend import tenant_storage
from files.storage.bucket import (
    PAGE_SIZE,
    abort_multipart,
    head_object,
    key_prefix,
    list_pages,
    read_object,
)
from files.storage.deletion import delete_keys
from files.uploads.objects import STAGING_PREFIX, staging_name
from tenants.context import current_tenant

UUID_VERSION = 7


PENDING, READY = Upload.State.PENDING, Upload.State.READY


# What is pending may have bytes anywhere; of what ended and was not cleared the row says that they
# are still to be taken out (files/uploads/cleanup.py).
NOT_CLEARED = Q(state=PENDING) | Q(cleared_at=None)


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object, by its name below the tenant's prefix."""

    name: str
    size: int
    since: datetime


@dataclass(frozen=True, slots=True)
class ListedMultipart:
    """A multipart upload that the store still waits for parts of."""

    name: str
    id: str
    since: datetime | None


def list_objects() -> Iterator[list[ListedObject]]:
    """Give the tenant's objects by name, up to 1000 at a time. Raises StorageUnavailable."""
    for page in _list_pages("list_objects_v2", "Contents"):
        yield [ListedObject(name, item["Size"], item["LastModified"]) for name, item in page]


def list_multiparts() -> Iterator[list[ListedMultipart]]:
    """Give the tenant's unfinished multipart uploads. Raises StorageUnavailable."""
    for page in _list_pages("list_multipart_uploads", "Uploads"):
        yield [
            ListedMultipart(
                name, item["UploadId"], item.get("Initiated") or created_at_from_name(name)
            )
            for name, item in page
        ]


def stored_size(name: str) -> int | None:
    """Return an object's size, None if the store does not have it. Raises StorageUnavailable."""
    found = head_object(_key(name))
    return None if found is None else int(found["ContentLength"])


def stored_sha256(name: str) -> str | None:
    """Read an object and return its SHA-256 in hexadecimal, None if the store does not have it.

    Raises StorageUnavailable.
    """
    chunks = read_object(_key(name))
    if chunks is None:
        return None
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def delete_object(name: str) -> None:
    """Take an object and its versions out of the store. Raises StorageUnavailable."""
    delete_keys([_key(name)])


def abort_listed_multipart(upload: ListedMultipart) -> None:
    """Take the parts of a multipart upload out of the store. Raises StorageUnavailable."""
    abort_multipart(_key(upload.name), upload.id)


def id_from_name(name: str) -> uuid.UUID | None:
    """Return the id that a name ends with, None for a name that we never give."""
    try:
        return uuid.UUID(name.rpartition("/")[2])
    except ValueError:
        return None


def created_at_from_name(name: str) -> datetime | None:
    """Return when the id in a name was made: its first 48 bits (RFC 9562, section 5.7)."""
    found = id_from_name(name)
    if found is None or found.version != UUID_VERSION:
        return None
    return datetime.fromtimestamp((found.int >> 80) / 1000, UTC)


def _key(name: str) -> str:
    return tenant_storage().key_of(name)


def _list_pages(operation: str, members: str) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Give the entries of each page under ``members``, with their names below the prefix."""
    prefix = current_tenant().object_prefix
    for page in list_pages(operation, prefix, PAGE_SIZE):
        yield [
            (item["Key"].removeprefix(key_prefix(prefix)), item) for item in page.get(members, [])
        ]


# Which objects and multipart uploads the rows of the tenant know of.


def version_sizes(names: Collection[str]) -> dict[str, int]:
    """Return the sizes that versions have by their objects' names."""
    kept = FileVersion.objects.filter(object_name__in=names, restored_from=None)
    return dict(kept.values_list("object_name", "size"))


def expected_names(names: Collection[str]) -> set[str]:
    """Return which of the names some row stands for: a version, or an upload that is not over.

    Uploads are looked at first: what is no more pending by then has its version already.
    """
    landed = [
        found for name in names if name.startswith(STAGING_PREFIX) and (found := id_from_name(name))
    ]
    uploads = Upload.objects.filter(NOT_CLEARED)
    places = {staging_name(upload) for upload in uploads.filter(pk__in=landed).only("pk")}
    named = uploads.filter(object_name__in=names).exclude(state=READY)
    objects = set(named.values_list("object_name", flat=True))
    return (places | objects | set(version_sizes(names))) & set(names)


def is_expected_multipart(unfinished: ListedMultipart) -> bool:
    """Whether a pending upload waits for these parts, or has not written down yet that it does."""
    pending = Upload.objects.filter(state=PENDING, object_name=unfinished.name)
    return pending.filter(multipart_id__in=("", unfinished.id)).exists()
