"""The body of a multipart form as it is read: bounded, and aware of where its file begins."""

from typing import IO

from django.conf import settings
from django.http import UnreadablePostError

from core.http.body_errors import SlowClientLimitError, slow_client_problem
from core.http.multipart import parse_boundary
from files.problems import FileTooLarge, UploadInterrupted

# Beside the file: other fields (Django bounds them), part headers and boundaries.
FORM_OVERHEAD_BYTES = 64 * 1024
# What may follow the closing delimiter (RFC 2046 section 5.1.1 has an epilogue that nobody sends).
MAX_EPILOGUE_BYTES = 1024
# How much is searched for the beginning of the file; fields in front of it are seldom longer.
SEARCHED_HEAD_BYTES = 256 * 1024


def max_overhead() -> int:
    """Return how many bytes of a form can be something else than its file."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FORM_OVERHEAD_BYTES


class MultipartBody:
    """Reads a form's body; ``declared`` is its length if the client told it."""

    def __init__(self, stream: IO[bytes], media_type: str, declared: int | None, most: int) -> None:
        """Take a form whose file may have ``most`` bytes. Raises MalformedBody."""
        self._stream, self._declared = stream, declared
        self._closing = b"--" + parse_boundary(media_type) + b"--"
        self._tail = b""
        self._head = bytearray()
        self._left = most + max_overhead()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises UploadInterrupted, TooManySlowBodies, and FileTooLarge beyond the bound.
        """
        try:
            data = self._stream.read(size)
        except UnreadablePostError as exc:
            if isinstance(exc.__cause__, SlowClientLimitError):
                raise slow_client_problem() from exc
            raise UploadInterrupted from exc
        self._left -= len(data)
        if self._left < 0:
            raise FileTooLarge
        if len(self._head) < SEARCHED_HEAD_BYTES:
            self._head += data
        kept = len(self._closing) + MAX_EPILOGUE_BYTES
        self._tail = data[-kept:] if len(data) >= kept else (self._tail + data)[-kept:]
        return data

    def expected(self) -> int:
        """Return how many bytes the file has whose part was just begun, 0 if that is not known.

        It is so if nothing follows the file, as clients send it; else the file has fewer.
        """
        named = self._head.find(b"filename")
        begins = self._head.find(b"\r\n\r\n", named) + 4
        if self._declared is None or named < 0 or begins < 4:
            return 0
        return max(0, self._declared - begins - len(b"\r\n\r\n") - len(self._closing))

    def require_end(self) -> None:
        """Raise UploadInterrupted if the client stopped before the form's end (RFC 2046, 5.1.1)."""
        if self._closing not in self._tail:
            raise UploadInterrupted
