"""Taking objects out of the store: some, or all of a tenant that is itself being deleted.

What is deleted here is gone for good. A bucket with versioning would keep it; a purge that keeps
the bytes would be a lie to those whose files they were, and to the quota.
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
from files.storage.bucket import PAGE_SIZE, abort_multipart, list_pages
from files.storage.client import client, translate_storage_errors

Progress = Callable[[int], None]


LIST_VERSIONS = "list_object_versions"


@dataclass(frozen=True, slots=True)
class PrefixSummary:
    """What the store holds under a prefix."""

    objects: int
    size: int
    unfinished: int
    listing: str = ""  # SHA-256 of a line "key size etag" for each object, as the store lists them


def summarize_prefix(object_prefix: str) -> PrefixSummary:
    """Count what the store holds under a tenant's prefix. Raises StorageUnavailable."""
    objects, size, listing = 0, 0, hashlib.sha256()
    for page in list_pages("list_objects_v2", object_prefix):
        for item in page.get("Contents", []):
            objects, size = objects + 1, size + item["Size"]
            listing.update("{Key} {Size} {ETag}\n".format(**item).encode())
    unfinished = sum(1 for _ in _list_multiparts(object_prefix))
    return PrefixSummary(objects, size, unfinished, listing.hexdigest())


def purge_objects(object_prefix: str, progress: Progress = lambda count: None) -> int:
    """Delete every object, former version and unfinished upload under a prefix; return how many.

    ``progress`` is told the count so far. Can be repeated after it was cut off. (MinIO lists
    unfinished uploads by whole keys only and drops them by itself after a day.) Raises
    StorageUnavailable, also when the store refuses to delete something.
    """
    count = 0
    abort_multiparts(object_prefix)
    # Listed anew for each batch: whoever was still writing is caught too.
    while some := _next_versions(object_prefix):
        delete_versions(some)
        count += sum(kept.is_current for kept in some)
        progress(count)
    return count


def abort_multiparts(object_prefix: str) -> None:
    """Abort the multipart uploads under a prefix. Raises StorageUnavailable."""
    for upload in list(_list_multiparts(object_prefix)):
        abort_multipart(upload["Key"], upload["UploadId"])


def delete_all_except(object_prefix: str, keep: Callable[[list[str]], set[str]]) -> int:
    """Delete the objects that nobody keeps, and all former versions; return how many objects.

    ``keep`` is given some keys at a time and returns those that stay as they are now. Former
    versions are not counted. Raises StorageUnavailable.
    """
    count, all_of = 0, list_versions(object_prefix)
    while some := list(islice(all_of, PAGE_SIZE)):
        kept = keep([history[0].key for history in some])
        unwanted = [
            version
            for history in some
            for version in history
            if not version.is_current or version.key not in kept
        ]
        delete_versions(unwanted)
        count += sum(version.is_current for version in unwanted)
    return count


def delete_keys(keys: list[str]) -> None:
    """Delete objects and all their versions; some may not be there. Raises StorageUnavailable.

    One request for a thousand. Where a store with versioning answers that it only hid them, one
    more for each asks what it keeps: whether it has versioning can change while we run.
    """
    for start in range(0, len(keys), PAGE_SIZE):
        hidden = delete_batch([{"Key": key} for key in keys[start : start + PAGE_SIZE]])
        delete_versions(kept for key in hidden for kept in object_versions(key))


def _list_multiparts(object_prefix: str) -> Iterator[dict[str, Any]]:
    for page in list_pages("list_multipart_uploads", object_prefix):
        yield from page.get("Uploads", [])


# What a bucket with versioning keeps of an object: former versions, and markers of its deletion.
#
# A store without versioning lists what it has as the one version of each object.


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version of an object, or a delete marker, which stands for nothing at all."""

    key: str
    version_id: str
    since: datetime
    is_latest: bool
    is_marker: bool

    @property
    def is_current(self) -> bool:
        """Whether this is what somebody gets who asks for the object."""
        return self.is_latest and not self.is_marker


def _next_versions(object_prefix: str) -> list[ObjectVersion]:
    return [kept for history in islice(list_versions(object_prefix), PAGE_SIZE) for kept in history]


def list_versions(object_prefix: str) -> Iterator[list[ObjectVersion]]:
    """Give what the store keeps under a prefix, key by key. Raises StorageUnavailable."""
    kept = (
        found for page in list_pages(LIST_VERSIONS, object_prefix) for found in _page_versions(page)
    )
    for _, history in groupby(kept, attrgetter("key")):
        yield list(history)


def object_versions(key: str) -> list[ObjectVersion]:
    """Return what the store keeps of one object. Raises StorageUnavailable."""
    with translate_storage_errors():
        found = (
            client().get_paginator(LIST_VERSIONS).paginate(Bucket=settings.S3_BUCKET, Prefix=key)
        )
        return [kept for page in found for kept in _page_versions(page) if kept.key == key]


def delete_versions(kept: Iterable[ObjectVersion]) -> int:
    """Delete versions and markers for good; return how many. Raises StorageUnavailable."""
    count, left = 0, iter(kept)
    while some := list(islice(left, PAGE_SIZE)):
        delete_batch([{"Key": found.key, "VersionId": found.version_id} for found in some])
        count += len(some)
    return count


def delete_noncurrent_versions(key: str) -> None:
    """Keep no version of an object but the current one. Raises StorageUnavailable."""
    delete_versions(kept for kept in object_versions(key) if not kept.is_current)


def delete_batch(objects: list[dict[str, str]]) -> list[str]:
    """Delete up to 1000 objects or versions; return the keys that have a delete marker since.

    Raises StorageUnavailable, also when the store refuses to delete one of them.
    """
    with translate_storage_errors():
        answer = client().delete_objects(Bucket=settings.S3_BUCKET, Delete={"Objects": objects})
    if failed := answer.get("Errors"):
        first = failed[0]
        raise StorageUnavailable(f"{first.get('Key')} was not deleted: {first.get('Message')}")
    return [done["Key"] for done in answer.get("Deleted", []) if done.get("DeleteMarker")]


def _page_versions(page: dict[str, Any]) -> list[ObjectVersion]:
    found = [_object_version(item, is_marker=False) for item in page.get("Versions", [])]
    found += [_object_version(item, is_marker=True) for item in page.get("DeleteMarkers", [])]
    return sorted(found, key=attrgetter("key"))


def _object_version(item: dict[str, Any], *, is_marker: bool) -> ObjectVersion:
    return ObjectVersion(
        item["Key"], item["VersionId"], item["LastModified"], item["IsLatest"], is_marker
    )
