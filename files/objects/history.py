"""What a bucket with versioning keeps of an object: former versions, and markers of its deletion.

A store without versioning lists what it has as the one version of each object.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from django.conf import settings

from core.problems import StorageUnavailable
from files.storage.bucket import PAGE_SIZE, list_pages
from files.storage.client import client, translate_storage_errors

LIST_VERSIONS = "list_object_versions"


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
