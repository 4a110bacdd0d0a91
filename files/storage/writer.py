"""Writing one object of unknown size in constant memory.

Bytes are collected into parts. What fits one part is stored by a single PUT; more than that goes up
part by part, and nothing can be read from the store until the last one is confirmed.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from files.content_types import HEAD_BYTES, OCTET_STREAM
from files.problems import FileTooLarge
from files.storage.bucket import abort_multipart, object_location
from files.storage.client import client, translate_storage_errors
from files.storage.deletion import delete_keys

MEBIBYTE = 1024 * 1024


PART_BYTES = 8 * MEBIBYTE


MAX_PARTS = 10_000  # Amazon S3 user guide, "Multipart upload limits"; other stores follow it


# Should anybody ever get at an object by another way than our URLs, it is a download of octets.
OBJECT_HEADERS = {"ContentType": OCTET_STREAM, "ContentDisposition": "attachment"}


# While these are under way the next is received: no more than so many and that one are in memory.
CONCURRENT_PARTS = 2


@dataclass(frozen=True, slots=True)
class ContentInfo:
    """What was stored."""

    size: int
    sha256: str
    head: bytes = b""  # how it begins, which tells what it is (files/content_types.py)


def part_size_for(most: int) -> int:
    """Return the size of a part for an object of up to ``most`` bytes: 8 MiB, or what it needs.

    Whole MiB, so that the parts of a large file are no odd number of bytes.
    """
    needed = -(-most // MAX_PARTS)
    return max(PART_BYTES, -(-needed // MEBIBYTE) * MEBIBYTE)


# Sending the parts of one multipart upload, some of them at once.


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


@dataclass
class ObjectWriter:
    """Takes the bytes of one object in order, ``most`` at most; ``finish`` makes it readable.

    ``on_multipart`` is told the store's id of a multipart upload before its first part is sent.
    Raises StorageUnavailable when the store fails, which may be found out with a later part.
    """

    key: str
    on_multipart: Callable[[str], None]
    most: int
    size: int = 0
    _head: bytes = b""
    _buffer: bytearray = field(default_factory=bytearray)
    _digest: Any = field(default_factory=hashlib.sha256)
    _sender: MultipartWriter | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes. Raises FileTooLarge beyond ``most``."""
        self.size += len(data)
        if self.size > self.most:
            raise FileTooLarge(f"Send at most {self.most} bytes.")
        self._head += data[: HEAD_BYTES - len(self._head)]
        self._digest.update(data)
        self._buffer += data
        # Not at equality: what fills one part exactly may still be the whole object.
        while len(self._buffer) > part_size_for(self.most):
            self._send(part_size_for(self.most))

    def finish(self) -> ContentInfo:
        """Store what is left and make the object whole."""
        if self._sender is None:
            with translate_storage_errors():
                client().put_object(
                    **object_location(self.key), Body=bytes(self._buffer), **OBJECT_HEADERS
                )
        else:
            self._send(len(self._buffer))
            self._sender.complete()
        self._buffer = bytearray()
        return ContentInfo(self.size, self._digest.hexdigest(), self._head)

    def stop(self) -> None:
        """Send nothing more; the key can be cleared then. Raises nothing."""
        if self._sender is not None:
            self._sender.stop()

    def _send(self, count: int) -> None:
        if self._sender is None:
            self._sender = MultipartWriter(self.key, self.on_multipart, **OBJECT_HEADERS)
        self._sender.send(bytes(memoryview(self._buffer)[:count]))
        del self._buffer[:count]


def purge_key(key: str) -> None:
    """Take an object, its versions and unfinished parts out of the store. Can be repeated.

    The store is asked which multipart uploads the key has: a process can die between starting one
    and writing its id down. Raises StorageUnavailable.
    """
    with translate_storage_errors():
        begun = client().list_multipart_uploads(Bucket=settings.S3_BUCKET, Prefix=key)
        for upload in begun.get("Uploads", []):
            if upload["Key"] == key:
                abort_multipart(key, upload["UploadId"])
    delete_keys([key])
