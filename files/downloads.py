"""Reading an object from the store in constant memory."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from core.problems import NotFound
from files.models import FileVersion
from files.storage.backend import tenant_storage
from files.storage.bucket import NO_SUCH_KEY, object_location
from files.storage.client import client, error_code, translate_storage_errors

CHUNK_BYTES = 256 * 1024


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
