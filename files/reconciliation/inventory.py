"""What the store has of the current tenant: objects page by page, and unfinished multiparts."""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from files.storage.backend import tenant_storage
from files.storage.bucket import PAGE, abort_multipart, chunks_of, folder_of, head, pages
from files.storage.deletion import delete_keys
from tenants.context import current_tenant

VERSION_7 = 7


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
    for page in _listed("list_objects_v2", "Contents"):
        yield [Stored(name, item["Size"], item["LastModified"]) for name, item in page]


def unfinished_pages() -> Iterator[list[Unfinished]]:
    """Give the tenant's unfinished multipart uploads. Raises StorageUnavailable."""
    for page in _listed("list_multipart_uploads", "Uploads"):
        yield [
            Unfinished(name, item["UploadId"], item.get("Initiated") or made_at(name))
            for name, item in page
        ]


def size_in_store(name: str) -> int | None:
    """Return an object's size, None if the store does not have it. Raises StorageUnavailable."""
    found = head(_key(name))
    return None if found is None else int(found["ContentLength"])


def sha256_in_store(name: str) -> str | None:
    """Read an object and return its SHA-256 in hexadecimal, None if the store does not have it.

    Raises StorageUnavailable.
    """
    chunks = chunks_of(_key(name))
    if chunks is None:
        return None
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def remove_object(name: str) -> None:
    """Take an object and its versions out of the store. Raises StorageUnavailable."""
    delete_keys([_key(name)])


def remove_unfinished(upload: Unfinished) -> None:
    """Take the parts of a multipart upload out of the store. Raises StorageUnavailable."""
    abort_multipart(_key(upload.name), upload.id)


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


def _key(name: str) -> str:
    return tenant_storage().key_of(name)


def _listed(operation: str, members: str) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Give the entries of each page under ``members``, with their names below the prefix."""
    prefix = current_tenant().object_prefix
    for page in pages(operation, prefix, PAGE):
        yield [
            (item["Key"].removeprefix(folder_of(prefix)), item) for item in page.get(members, [])
        ]
