"""Inventory of the current tenant: what the store has, and what the rows expect there."""

import hashlib
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from files.logo import stored_logo
from files.models import FileVersion, Upload
from files.storage.bucket import (
    PAGE_SIZE,
    abort_multipart,
    head_object,
    key_prefix,
    list_pages,
)
from files.storage.configured import tenant_storage
from files.storage.deletion import delete_keys
from files.storage.reading import read_object
from files.uploads.objects import STAGING_PREFIX, staging_name
from tenants.branding import LOGO_PREFIX
from tenants.context import current_tenant

PENDING, READY = Upload.State.PENDING, Upload.State.READY
# A pending upload may have bytes at any of its keys, and so may an ended one until its objects are
# deleted (files/uploads/cleanup.py).
NOT_CLEARED = Q(state=PENDING) | Q(cleared_at=None)
UUID_VERSION = 7


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object in a listing; the name is relative to the tenant's prefix."""

    name: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class ListedMultipart:
    """An unfinished multipart upload in a listing."""

    name: str
    id: str
    created_at: datetime | None


def list_objects() -> Iterator[list[ListedObject]]:
    """Yield the tenant's objects by name, up to 1000 per page. Raises: StorageUnavailable."""
    for page in _list_pages("list_objects_v2", "Contents"):
        yield [ListedObject(name, item["Size"], item["LastModified"]) for name, item in page]


def list_multiparts() -> Iterator[list[ListedMultipart]]:
    """Yield the tenant's unfinished multipart uploads. Raises: StorageUnavailable."""
    for page in _list_pages("list_multipart_uploads", "Uploads"):
        yield [
            ListedMultipart(
                name, item["UploadId"], item.get("Initiated") or created_at_from_name(name)
            )
            for name, item in page
        ]


def stored_size(name: str) -> int | None:
    """Return an object's size, None if it is missing. Raises: StorageUnavailable."""
    metadata = head_object(_key(name))
    return None if metadata is None else int(metadata["ContentLength"])


def stored_sha256(name: str) -> str | None:
    """Read an object and return its SHA-256 in hexadecimal, None if it is missing.

    Raises: StorageUnavailable.
    """
    chunks = read_object(_key(name))
    if chunks is None:
        return None
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def delete_object(name: str) -> None:
    """Delete an object with all its versions. Raises: StorageUnavailable."""
    delete_keys([_key(name)])


def abort_listed_multipart(multipart: ListedMultipart) -> None:
    """Abort a multipart upload, so that its parts are deleted. Raises: StorageUnavailable."""
    abort_multipart(_key(multipart.name), multipart.id)


def version_sizes(names: Collection[str]) -> dict[str, int]:
    """Return the sizes of versions by the names of their objects."""
    rows = FileVersion.objects.filter(object_name__in=names, restored_from=None)
    return dict(rows.values_list("object_name", "size"))


def expected_names(names: Collection[str]) -> set[str]:
    """Return the names that have a row: a version, or an upload that is not cleaned up.

    Uploads are queried first: one that is no longer pending by then has its version already.
    """
    staged = [
        id_ for name in names if name.startswith(STAGING_PREFIX) and (id_ := id_from_name(name))
    ]
    uploads = Upload.objects.filter(NOT_CLEARED)
    staging = {staging_name(upload) for upload in uploads.filter(pk__in=staged).only("pk")}
    rows = uploads.filter(object_name__in=names).exclude(state=READY)
    objects = set(rows.values_list("object_name", flat=True))
    return (staging | objects | set(version_sizes(names)) | _logo_names(names)) & set(names)


def _logo_names(names: Collection[str]) -> set[str]:
    """Return the name of the tenant's logo if one of the names may be a logo."""
    logo = stored_logo() if any(name.startswith(LOGO_PREFIX) for name in names) else None
    return {logo.object_name} if logo else set()


def is_expected_multipart(multipart: ListedMultipart) -> bool:
    """Whether a pending upload has this multipart upload, or has not saved its id yet."""
    pending = Upload.objects.filter(state=PENDING, object_name=multipart.name)
    return pending.filter(multipart_id__in=("", multipart.id)).exists()


def id_from_name(name: str) -> uuid.UUID | None:
    """Return the id at the end of a name, None for a name that the backend never chooses."""
    try:
        return uuid.UUID(name.rpartition("/")[2])
    except ValueError:
        return None


def created_at_from_name(name: str) -> datetime | None:
    """Return the creation time in the id of a name: its first 48 bits (RFC 9562, section 5.7)."""
    id_ = id_from_name(name)
    if id_ is None or id_.version != UUID_VERSION:
        return None
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)


def _key(name: str) -> str:
    return tenant_storage().key_of(name)


def _list_pages(operation: str, members: str) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Yield the entries of each page in ``members``, with names relative to the prefix."""
    prefix = current_tenant().object_prefix
    for page in list_pages(operation, prefix, PAGE_SIZE):
        yield [
            (item["Key"].removeprefix(key_prefix(prefix)), item) for item in page.get(members, [])
        ]
