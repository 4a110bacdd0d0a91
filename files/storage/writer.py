"""Streaming writer for one object of unknown size, in constant memory.

Bytes are collected into parts. Content that is at most one part is stored by a single PUT. Larger
content becomes a multipart upload, and the store returns nothing of it before it is completed.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

from core.text.translation import translatable
from files.content_types import HEAD_BYTES, OCTET_STREAM
from files.problems import FileTooLarge
from files.storage.bucket import object_location
from files.storage.client import client, translate_storage_errors

MEBIBYTE = 1024 * 1024
PART_BYTES = 8 * MEBIBYTE
MAX_PARTS = 10_000  # Amazon S3 user guide, "Multipart upload limits"; other stores follow it
# One more part is received while these are sent, so memory holds at most three parts.
CONCURRENT_PARTS = 2
# An object that is ever reached by another way than our URLs is still a download of octets.
OBJECT_HEADERS = {"ContentType": OCTET_STREAM, "ContentDisposition": "attachment"}


@dataclass(frozen=True, slots=True)
class ContentInfo:
    """Size, digest and first bytes of an object's content."""

    size: int
    sha256: str
    head: bytes = b""  # for the detection of the content type (files/content_types.py)


def part_size_for(max_bytes: int) -> int:
    """Return the part size for an object of up to ``max_bytes``: 8 MiB, or more if needed.

    It is a whole number of MiB, so that the parts of a large file have round sizes.
    """
    needed = -(-max_bytes // MAX_PARTS)
    return max(PART_BYTES, -(-needed // MEBIBYTE) * MEBIBYTE)


class MultipartWriter:
    """Sends the parts of one multipart upload, some of them in parallel.

    The object becomes readable with ``complete``. The failure of a part is raised by a later call,
    as StorageUnavailable.
    """

    def __init__(self, key: str, on_created: Callable[[str], None], **headers: str) -> None:
        """Create the multipart upload, and call ``on_created`` with its id before any part."""
        self._location = object_location(key)
        with translate_storage_errors():
            created = client().create_multipart_upload(**self._location, **headers)
        self._location["UploadId"] = created["UploadId"]
        on_created(created["UploadId"])
        self._pool = ThreadPoolExecutor(CONCURRENT_PARTS, "part")
        self._pending: list[Future[dict[str, Any]]] = []
        self._parts: list[dict[str, Any]] = []

    def send(self, data: bytes) -> None:
        """Send the next part in the background; wait while too many are pending."""
        self._wait_until_pending(CONCURRENT_PARTS - 1)
        number = len(self._parts) + len(self._pending) + 1
        # The caller's context has the tenant whose credentials sign the request.
        self._pending.append(self._pool.submit(copy_context().run, self._put, number, data))

    def complete(self) -> None:
        """Wait for all parts and assemble the object."""
        self._wait_until_pending(0)
        self._pool.shutdown()
        with translate_storage_errors():
            client().complete_multipart_upload(
                **self._location, MultipartUpload={"Parts": self._parts}
            )

    def stop(self) -> None:
        """Wait until no part is pending, so that a following deletion of the key is complete."""
        wait(self._pending)
        self._pool.shutdown()

    def _wait_until_pending(self, limit: int) -> None:
        with translate_storage_errors():
            while len(self._pending) > limit:
                self._parts.append(self._pending[0].result())
                del self._pending[0]

    def _put(self, number: int, data: bytes) -> dict[str, Any]:
        sent = client().upload_part(**self._location, PartNumber=number, Body=data)
        return {"PartNumber": number, "ETag": sent["ETag"]}


@dataclass
class ObjectWriter:
    """Takes the bytes of one object in order; ``finish`` makes it readable.

    ``on_multipart`` is called with the id of a multipart upload before its first part is sent. A
    failure of the store may be raised by a later call. Raises: StorageUnavailable.
    """

    key: str
    on_multipart: Callable[[str], None]
    max_bytes: int
    size: int = 0
    _head: bytes = b""
    _buffer: bytearray = field(default_factory=bytearray)
    _digest: Any = field(default_factory=hashlib.sha256)
    _parts: MultipartWriter | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes. Raises: FileTooLarge (beyond ``max_bytes``)."""
        self.size += len(data)
        if self.size > self.max_bytes:
            raise FileTooLarge(translatable("Send at most %(count)s bytes.", count=self.max_bytes))
        self._head += data[: HEAD_BYTES - len(self._head)]
        self._digest.update(data)
        self._buffer += data
        # Not at equality: exactly one part may still be the whole object.
        while len(self._buffer) > part_size_for(self.max_bytes):
            self._send(part_size_for(self.max_bytes))

    def finish(self) -> ContentInfo:
        """Store the remaining bytes and complete the object."""
        if self._parts is None:
            location = object_location(self.key)
            with translate_storage_errors():
                client().put_object(**location, Body=bytes(self._buffer), **OBJECT_HEADERS)
        else:
            self._send(len(self._buffer))
            self._parts.complete()
        self._buffer = bytearray()
        return ContentInfo(self.size, self._digest.hexdigest(), self._head)

    def stop(self) -> None:
        """Stop sending, so that the key can be deleted. Raises nothing."""
        if self._parts is not None:
            self._parts.stop()

    def _send(self, count: int) -> None:
        if self._parts is None:
            self._parts = MultipartWriter(self.key, self.on_multipart, **OBJECT_HEADERS)
        self._parts.send(bytes(memoryview(self._buffer)[:count]))
        del self._buffer[:count]
