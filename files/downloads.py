"""Downloads of file content: presigned URLs, byte ranges, and streams through the backend."""

import re
from collections.abc import Iterator

from botocore.exceptions import ClientError

from core.problems import NotFound
from files.content_types import safe_content_type
from files.filenames import content_disposition
from files.models import FileVersion
from files.problems import RangeNotSatisfiable
from files.storage.bucket import NO_SUCH_KEY
from files.storage.client import error_code, translate_storage_errors
from files.storage.configured import tenant_storage
from files.storage.reading import ObjectReader

CHUNK_BYTES = 256 * 1024
SINGLE_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.IGNORECASE | re.ASCII)


def download_url(
    version: FileVersion, *, method: str | None = None, seconds: int | None = None
) -> str:
    """Return a presigned URL of a version's content for ``method`` (GET by default).

    The browser always saves it as a file. The URL works for every client that has it, for
    ``seconds`` or the default lifetime of downloads.
    """
    response_headers = {
        "ResponseContentDisposition": content_disposition(version.file.name),
        "ResponseContentType": safe_content_type(version.content_type),
        "ResponseCacheControl": "private, no-store",
    }
    storage = tenant_storage()
    return storage.url(version.object_name, response_headers, seconds, http_method=method)


class ObjectStream:
    """Streams the content of a version, or one range of it, in constant memory.

    Closing the response returns the store's connection.
    """

    def __init__(self, version: FileVersion, byte_range: tuple[int, int] | None) -> None:
        """Open the object. Raises: StorageUnavailable, NotFound (if it was purged)."""
        with translate_storage_errors():
            try:
                key = tenant_storage().key_of(version.object_name)
                self._reader = ObjectReader(key, byte_range)
            except ClientError as exc:
                if error_code(exc) != NO_SUCH_KEY or _version_exists(version):
                    raise
                raise NotFound from exc

    def __iter__(self) -> Iterator[bytes]:
        with translate_storage_errors():
            yield from self._reader.chunks(CHUNK_BYTES)

    def close(self) -> None:
        """Return the connection to the pool, whether or not the body was read to its end."""
        self._reader.close()


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte of a ``Range`` header, None for the whole content.

    Several ranges and malformed headers are ignored, as RFC 9110 section 14.2 allows. Raises:
    RangeNotSatisfiable (for a range that begins beyond the end).
    """
    match = SINGLE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
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


def _version_exists(version: FileVersion) -> bool:
    return FileVersion.objects.filter(pk=version.pk).exists()
