"""Taking objects out of the store: some, or all of a tenant that is itself being deleted."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from core.problems import StorageUnavailable
from files.bucket import PAGE, abort_multipart, pages
from files.store import answering, client

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the store holds under a prefix."""

    objects: int
    size: int
    unfinished: int
    listing: str = ""  # SHA-256 of a line "key size etag" for each object, as the store lists them


def holdings(object_prefix: str) -> Holdings:
    """Count what the store holds under a tenant's prefix. Raises StorageUnavailable."""
    objects, size, listing = 0, 0, hashlib.sha256()
    with answering():
        for page in pages("list_objects_v2", object_prefix):
            for item in page.get("Contents", []):
                objects, size = objects + 1, size + item["Size"]
                listing.update("{Key} {Size} {ETag}\n".format(**item).encode())
        unfinished = sum(1 for _ in _unfinished(object_prefix))
    return Holdings(objects, size, unfinished, listing.hexdigest())


def purge_objects(object_prefix: str, progress: Progress = lambda count: None) -> int:
    """Delete every object, former version and unfinished upload under a prefix; return how many.

    ``progress`` is told the count so far. Can be repeated after it was cut off. (MinIO lists
    unfinished uploads by whole keys only and drops them by itself after a day.) Raises
    StorageUnavailable, also when the store refuses to delete something.
    """
    count = 0
    abort_unfinished(object_prefix)
    with answering():
        while keys := _some_keys(object_prefix):
            delete_keys(keys)
            count += len(keys)
            progress(count)
        while versions := _some_versions(object_prefix):
            _delete(versions)
    return count


def abort_unfinished(object_prefix: str) -> None:
    """Abort the multipart uploads under a prefix. Raises StorageUnavailable."""
    with answering():
        for upload in list(_unfinished(object_prefix)):
            abort_multipart(upload["Key"], upload["UploadId"])


def purge_all_but(object_prefix: str, keep: Callable[[list[str]], set[str]]) -> int:
    """Delete the objects under a prefix that nobody keeps; return how many.

    ``keep`` is given some keys at a time and returns those that stay. Raises StorageUnavailable.
    """
    count = 0
    with answering():
        for page in pages("list_objects_v2", object_prefix):
            keys = [item["Key"] for item in page.get("Contents", [])]
            if unwanted := sorted(set(keys) - keep(keys)):
                delete_keys(unwanted)
                count += len(unwanted)
    return count


def delete_keys(keys: list[str]) -> None:
    """Delete objects, some of which may not be there. Raises StorageUnavailable."""
    with answering():
        for start in range(0, len(keys), PAGE):
            _delete([{"Key": key} for key in keys[start : start + PAGE]])


def _unfinished(object_prefix: str) -> Iterator[dict[str, Any]]:
    for page in pages("list_multipart_uploads", object_prefix):
        yield from page.get("Uploads", [])


def _some_keys(object_prefix: str) -> list[str]:
    # Listed anew for each batch: whoever was still writing is caught too.
    page = next(pages("list_objects_v2", object_prefix))
    return [item["Key"] for item in page.get("Contents", [])]


def _some_versions(object_prefix: str) -> list[dict[str, str]]:
    """Return former versions and delete markers, which a bucket with versioning keeps."""
    page = next(pages("list_object_versions", object_prefix))
    kept = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in kept]


def _delete(objects: list[dict[str, str]]) -> None:
    answer = client().delete_objects(
        Bucket=settings.S3_BUCKET,
        Delete={"Objects": objects, "Quiet": True},
    )
    if failed := answer.get("Errors"):
        first = failed[0]
        raise StorageUnavailable(f"{first.get('Key')} was not deleted: {first.get('Message')}")
