"""Reading an object from the store in constant memory."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from files.models import FileVersion
from files.storage import tenant_storage
from files.store import answering, client

CHUNK_BYTES = 256 * 1024


class ObjectStream:
    """The bytes of a version, or a range of them, while they come from the store.

    It is opened inside the tenant; the bytes flow when the middleware has left it, so it holds all
    that it needs. The store's connection is given back when the response is closed.
    """

    def __init__(self, version: FileVersion, part: tuple[int, int] | None) -> None:
        """Open the object. Raises StorageUnavailable."""
        where: dict[str, Any] = {
            "Bucket": settings.S3_BUCKET,
            "Key": tenant_storage().key_of(version.object_name),
        }
        if part is not None:
            where["Range"] = f"bytes={part[0]}-{part[1]}"
        with answering():
            self._body = client().get_object(**where)["Body"]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body.iter_chunks(CHUNK_BYTES))

    def close(self) -> None:
        """Give the connection back, read to its end or not."""
        self._body.close()
