"""Writing one object of unknown size in constant memory.

Bytes are collected into parts. What fits one part is stored by a single PUT; more than that goes up
part by part, and nothing can be read from the store until the last one is confirmed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from files.content_types import OCTET_STREAM
from files.objects.part_sender import MultipartWriter
from files.problems import FileTooLarge
from files.sniffing import HEAD_BYTES
from files.storage.bucket import abort_multipart, object_location
from files.storage.client import client, translate_storage_errors
from files.storage.deletion import delete_keys

MEBIBYTE = 1024 * 1024
PART_BYTES = 8 * MEBIBYTE
MAX_PARTS = 10_000  # Amazon S3 user guide, "Multipart upload limits"; other stores follow it

# Should anybody ever get at an object by another way than our URLs, it is a download of octets.
OBJECT_HEADERS = {"ContentType": OCTET_STREAM, "ContentDisposition": "attachment"}


@dataclass(frozen=True, slots=True)
class ContentInfo:
    """What was stored."""

    size: int
    sha256: str
    head: bytes = b""  # how it begins, which tells what it is (files/sniffing.py)


def part_size_for(most: int) -> int:
    """Return the size of a part for an object of up to ``most`` bytes: 8 MiB, or what it needs.

    Whole MiB, so that the parts of a large file are no odd number of bytes.
    """
    needed = -(-most // MAX_PARTS)
    return max(PART_BYTES, -(-needed // MEBIBYTE) * MEBIBYTE)


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
