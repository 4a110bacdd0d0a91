"""Reading an object from the store in constant memory."""

import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from core.problems import NotFound
from files.content_types import safe_content_type
from files.filenames import content_disposition
from files.models import FileVersion
from files.problems import RangeNotSatisfiable
from files.storage.backend import tenant_storage
from files.storage.bucket import NO_SUCH_KEY, object_location
from files.storage.client import client, error_code, translate_storage_errors

CHUNK_BYTES = 256 * 1024


SINGLE_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.IGNORECASE | re.ASCII)


class ObjectStream:
    """The bytes of a version, or a range of them, while they come from the store.

    It is opened inside the tenant; the bytes flow when the middleware has left it, so it holds all
    that it needs. The store's connection is given back when the response is closed.
    """

    def __init__(self, version: FileVersion, part: tuple[int, int] | None) -> None:
        """Open the object. Raises StorageUnavailable, and NotFound if it was purged meanwhile."""
        where: dict[str, Any] = object_location(tenant_storage().key_of(version.object_name))
        if part is not None:
            where["Range"] = f"bytes={part[0]}-{part[1]}"
        with translate_storage_errors():
            try:
                self._body = client().get_object(**where)["Body"]
            except ClientError as exc:
                if error_code(exc) != NO_SUCH_KEY or _version_exists(version):
                    raise
                raise NotFound from exc

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body.iter_chunks(CHUNK_BYTES))

    def close(self) -> None:
        """Give the connection back, read to its end or not."""
        self._body.close()


def _version_exists(version: FileVersion) -> bool:
    return FileVersion.objects.filter(pk=version.pk).exists()


# Addresses of content in the store: signed, short-lived, and always a download.
def download_url(
    version: FileVersion, *, method: str | None = None, seconds: int | None = None
) -> str:
    """Return an address of a version's content for ``method`` (GET without one).

    It is good for ``seconds``, as long as any download without them, and for whoever has it.
    """
    told = {
        "ResponseContentDisposition": content_disposition(version.file.name),
        "ResponseContentType": safe_content_type(version.content_type),
        "ResponseCacheControl": "private, no-store",
    }
    return tenant_storage().url(version.object_name, told, seconds, http_method=method)


# Byte ranges of a download (RFC 9110 section 14).


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte of the one range asked for, or None for the whole file.

    What is not understood is ignored, several ranges among it: section 14.2 allows that. Raises
    RangeNotSatisfiable for a range that begins beyond the end.
    """
    found = SINGLE_RANGE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
        satisfiable = int(last) > 0 and size > 0
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
        satisfiable = start < size
    if not satisfiable:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return start, end
