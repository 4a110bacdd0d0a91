"""Sending the parts of one multipart upload, some of them at once."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any

from files.storage.bucket import object_location
from files.storage.client import client, translate_storage_errors

# While these are under way the next is received: no more than so many and that one are in memory.
CONCURRENT_PARTS = 2


class MultipartWriter:
    """A multipart upload that has been begun; ``complete`` makes the object readable.

    What a part met is raised by a later call, as StorageUnavailable.
    """

    def __init__(self, key: str, on_begun: Callable[[str], None], **stored_as: str) -> None:
        """Begin it, and tell ``on_begun`` the store's id of it before a part is sent."""
        self._where = object_location(key)
        with translate_storage_errors():
            begun = client().create_multipart_upload(**self._where, **stored_as)
        self._where["UploadId"] = begun["UploadId"]
        on_begun(begun["UploadId"])
        self._pool = ThreadPoolExecutor(CONCURRENT_PARTS, "part")
        self._under_way: list[Future[dict[str, Any]]] = []
        self._parts: list[dict[str, Any]] = []

    def send(self, data: bytes) -> None:
        """Send the next part; wait only while too many are under way."""
        self._gather(CONCURRENT_PARTS - 1)
        number = len(self._parts) + len(self._under_way) + 1
        # In the caller's tenant, whose keys sign the request.
        self._under_way.append(self._pool.submit(copy_context().run, self._put, number, data))

    def complete(self) -> None:
        """Put the object together of what was sent."""
        self._gather(0)
        self._pool.shutdown()
        with translate_storage_errors():
            client().complete_multipart_upload(
                **self._where, MultipartUpload={"Parts": self._parts}
            )

    def stop(self) -> None:
        """Wait until nothing is under way any more, so that whoever clears the key has it all."""
        wait(self._under_way)
        self._pool.shutdown()

    def _gather(self, most: int) -> None:
        """Wait until so many parts are under way at most."""
        with translate_storage_errors():
            while len(self._under_way) > most:
                self._parts.append(self._under_way[0].result())
                del self._under_way[0]

    def _put(self, number: int, data: bytes) -> dict[str, Any]:
        sent = client().upload_part(**self._where, PartNumber=number, Body=data)
        return {"PartNumber": number, "ETag": sent["ETag"]}
