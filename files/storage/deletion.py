"""Taking objects out of the store: some, or all of a tenant that is itself being deleted.

What is deleted here is gone for good. A bucket with versioning would keep it; a purge that keeps
the bytes would be a lie to those whose files they were, and to the quota.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from files.objects.history import (
    ObjectVersion,
    delete_batch,
    delete_versions,
    list_versions,
    object_versions,
)
from files.storage.bucket import PAGE_SIZE, abort_multipart, list_pages

Progress = Callable[[int], None]


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


def _next_versions(object_prefix: str) -> list[ObjectVersion]:
    return [kept for history in islice(list_versions(object_prefix), PAGE_SIZE) for kept in history]
