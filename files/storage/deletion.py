"""Permanent deletion of objects: single keys, old versions, or everything under a prefix.

A bucket with versioning keeps what is deleted as noncurrent versions and delete markers. A purge
must remove those too: the users were promised deletion, and the quota no longer counts the bytes.
A store without versioning lists each object as its only version.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from django.conf import settings

from core.problems import StorageUnavailable
from core.text.translation import translatable
from files.storage.bucket import PAGE_SIZE, abort_multipart, list_pages
from files.storage.client import client, translate_storage_errors

LIST_VERSIONS = "list_object_versions"
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version of an object, or a delete marker."""

    key: str
    version_id: str
    modified_at: datetime
    is_latest: bool
    is_delete_marker: bool

    @property
    def is_current(self) -> bool:
        """Whether a request for the key returns this version."""
        return self.is_latest and not self.is_delete_marker


@dataclass(frozen=True, slots=True)
class PrefixSummary:
    """Totals of what the store holds under a prefix."""

    objects: int
    size: int
    unfinished: int
    listing: str = ""  # SHA-256 of a line "key size etag" for each object, as the store lists them


def summarize_prefix(object_prefix: str) -> PrefixSummary:
    """Count objects, bytes and unfinished uploads under a prefix. Raises: StorageUnavailable."""
    objects, size, listing = 0, 0, hashlib.sha256()
    for page in list_pages("list_objects_v2", object_prefix):
        for item in page.get("Contents", []):
            objects, size = objects + 1, size + item["Size"]
            listing.update("{Key} {Size} {ETag}\n".format(**item).encode())
    unfinished = sum(1 for _ in _list_multiparts(object_prefix))
    return PrefixSummary(objects, size, unfinished, listing.hexdigest())


def purge_key(key: str) -> None:
    """Delete an object with its versions and unfinished multipart uploads. Can be repeated.

    The store is asked for the multipart uploads of the key, because a process can be killed between
    starting one and saving its id. Raises: StorageUnavailable.
    """
    with translate_storage_errors():
        response = client().list_multipart_uploads(Bucket=settings.S3_BUCKET, Prefix=key)
        for upload in response.get("Uploads", []):
            if upload["Key"] == key:
                abort_multipart(key, upload["UploadId"])
    delete_keys([key])


def delete_keys(keys: list[str]) -> None:
    """Delete objects with all their versions; missing keys are ignored.

    One request deletes a thousand keys. Where a store with versioning answers that it only added a
    delete marker, one more request per key lists the versions. Versioning can be switched on at any
    time, so it is not cached. Raises: StorageUnavailable.
    """
    for start in range(0, len(keys), PAGE_SIZE):
        hidden = delete_batch([{"Key": key} for key in keys[start : start + PAGE_SIZE]])
        delete_versions(version for key in hidden for version in object_versions(key))


def purge_objects(object_prefix: str, progress: Progress = lambda count: None) -> int:
    """Delete every object, version and unfinished upload under a prefix; return the object count.

    ``progress`` is called with the count so far. An interrupted purge can be repeated. (MinIO lists
    unfinished uploads by whole keys only, and drops them itself after a day.) Raises:
    StorageUnavailable (also when the store refuses a deletion).
    """
    count = 0
    abort_multiparts(object_prefix)
    # List again for each batch, so that objects written in between are deleted too.
    while batch := _next_versions(object_prefix):
        delete_versions(batch)
        count += sum(version.is_current for version in batch)
        progress(count)
    return count


def delete_all_except(object_prefix: str, keep: Callable[[list[str]], set[str]]) -> int:
    """Delete the objects that ``keep`` does not return, and all old versions; count the objects.

    ``keep`` is called with some keys at a time and returns those to keep. Raises:
    StorageUnavailable.
    """
    count, histories = 0, list_versions(object_prefix)
    while batch := list(islice(histories, PAGE_SIZE)):
        kept_keys = keep([history[0].key for history in batch])
        unwanted = [
            version
            for history in batch
            for version in history
            if not version.is_current or version.key not in kept_keys
        ]
        delete_versions(unwanted)
        count += sum(version.is_current for version in unwanted)
    return count


def abort_multiparts(object_prefix: str) -> None:
    """Abort the multipart uploads under a prefix. Raises: StorageUnavailable."""
    for upload in list(_list_multiparts(object_prefix)):
        abort_multipart(upload["Key"], upload["UploadId"])


def list_versions(object_prefix: str) -> Iterator[list[ObjectVersion]]:
    """Yield the versions under a prefix, grouped by key. Raises: StorageUnavailable."""
    pages = list_pages(LIST_VERSIONS, object_prefix)
    versions = (version for page in pages for version in _page_versions(page))
    for _, history in groupby(versions, attrgetter("key")):
        yield list(history)


def object_versions(key: str) -> list[ObjectVersion]:
    """Return the versions and delete markers of one object. Raises: StorageUnavailable."""
    with translate_storage_errors():
        paginator = client().get_paginator(LIST_VERSIONS)
        pages = paginator.paginate(Bucket=settings.S3_BUCKET, Prefix=key)
        return [version for page in pages for version in _page_versions(page) if version.key == key]


def delete_versions(versions: Iterable[ObjectVersion]) -> int:
    """Delete versions and delete markers; return how many. Raises: StorageUnavailable."""
    count, remaining = 0, iter(versions)
    while batch := list(islice(remaining, PAGE_SIZE)):
        delete_batch([{"Key": item.key, "VersionId": item.version_id} for item in batch])
        count += len(batch)
    return count


def delete_noncurrent_versions(key: str) -> None:
    """Delete all versions of an object but the current one. Raises: StorageUnavailable."""
    delete_versions(version for version in object_versions(key) if not version.is_current)


def delete_batch(objects: list[dict[str, str]]) -> list[str]:
    """Delete up to 1000 objects or versions; return the keys that got a delete marker.

    Raises: StorageUnavailable (also when the store refuses to delete one of them).
    """
    with translate_storage_errors():
        response = client().delete_objects(Bucket=settings.S3_BUCKET, Delete={"Objects": objects})
    if errors := response.get("Errors"):
        first = errors[0]
        raise StorageUnavailable(
            translatable(
                "%(key)s was not deleted: %(message)s",
                key=first.get("Key"),
                message=first.get("Message"),
            )
        )
    return [item["Key"] for item in response.get("Deleted", []) if item.get("DeleteMarker")]


def _list_multiparts(object_prefix: str) -> Iterator[dict[str, Any]]:
    for page in list_pages("list_multipart_uploads", object_prefix):
        yield from page.get("Uploads", [])


def _next_versions(object_prefix: str) -> list[ObjectVersion]:
    histories = islice(list_versions(object_prefix), PAGE_SIZE)
    return [version for history in histories for version in history]


def _page_versions(page: dict[str, Any]) -> list[ObjectVersion]:
    versions = [_object_version(item, is_marker=False) for item in page.get("Versions", [])]
    versions += [_object_version(item, is_marker=True) for item in page.get("DeleteMarkers", [])]
    return sorted(versions, key=attrgetter("key"))


def _object_version(item: dict[str, Any], *, is_marker: bool) -> ObjectVersion:
    return ObjectVersion(
        item["Key"], item["VersionId"], item["LastModified"], item["IsLatest"], is_marker
    )
