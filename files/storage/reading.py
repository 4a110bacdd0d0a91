"""Reads objects from the store in chunks, and resumes when a connection breaks.

Stores close connections in the middle of an object: a server is restarted, a volume is compacted,
a load balancer ends what takes long. A caller has already passed on the bytes before the break, so
the rest is requested with ``Range``. ``If-Match`` makes sure that it is the same object.
"""

import logging
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError

from files.storage.bucket import CHANGED_CODES, object_location
from files.storage.client import client, error_code, translate_storage_errors

CHUNK_BYTES = 1024 * 1024
# A store that hangs is not asked again: the read timeout has already held the thread for long.
BROKEN_CONNECTION = (ResponseStreamingError, IncompleteReadError)
# Breaks with less than PROGRESS_BYTES between them. Each request has its own retries
# (files/storage/client.py).
MAX_BREAKS, PROGRESS_BYTES = 3, 1024 * 1024

log = logging.getLogger(__name__)


class ObjectReader:
    """The content of an object, or of one range of it, and its size.

    Callers close it, or read to its end.
    """

    def __init__(
        self, key: str, byte_range: tuple[int, int] | None = None, **conditions: str
    ) -> None:
        """Request the object; ``byte_range`` has the first and the last byte.

        Raises: ClientError (for a missing object, or one that does not meet the conditions),
        BotoCoreError.
        """
        self._location = object_location(key)
        ranges = {} if byte_range is None else {"Range": _range_header(*byte_range)}
        response: dict[str, Any] = client().get_object(**self._location, **ranges, **conditions)
        self._body, self._etag = response["Body"], response["ETag"]
        self._next = 0 if byte_range is None else byte_range[0]
        self.size = int(response["ContentLength"])
        self._end = self._next + self.size

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Yield the content in chunks of at most ``size`` bytes.

        Raises: BotoCoreError (if connections break repeatedly), ClientError (if the object was
        changed or deleted after a break).
        """
        breaks, resumed_at = 0, self._next
        while self._next < self._end:
            try:
                for chunk in self._body.iter_chunks(size):
                    self._next += len(chunk)
                    yield chunk
            except BROKEN_CONNECTION as exc:
                breaks = 1 if self._next >= resumed_at + PROGRESS_BYTES else breaks + 1
                if breaks > MAX_BREAKS:
                    raise
                log.warning("storage_read_resumed", extra={"reason": str(exc), "at": self._next})
                resumed_at = self._next
                self._resume()

    def close(self) -> None:
        """Return the connection to the pool, or close it if content is left."""
        self._body.close()

    def _resume(self) -> None:
        self.close()
        rest = _range_header(self._next, self._end - 1)
        self._body = client().get_object(**self._location, Range=rest, IfMatch=self._etag)["Body"]


def read_object(key: str, **conditions: str) -> Iterator[bytes] | None:
    """Return an iterator over an object's content in chunks of one MiB; None if it is missing.

    An object that does not meet the ``conditions``, such as ``IfMatch``, counts as missing. Raises:
    StorageUnavailable (also during the iteration).
    """
    with translate_storage_errors():
        try:
            reader = ObjectReader(key, None, **conditions)
        except ClientError as exc:
            if error_code(exc) not in CHANGED_CODES:
                raise
            return None

    def chunks() -> Iterator[bytes]:
        with translate_storage_errors():
            try:
                yield from reader.chunks()
            finally:
                reader.close()

    return chunks()


def _range_header(first: int, last: int) -> str:
    """Return the value of ``Range`` (RFC 9110 section 14.1.2)."""
    return f"bytes={first}-{last}"
