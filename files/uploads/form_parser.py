"""Reading a multipart form whose file goes to the store while it arrives.

Nothing of the file is kept in memory or on disk beyond the part that is being sent, and no database
transaction is open meanwhile.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework.parsers import DataAndFiles, MultiPartParser
from rest_framework.request import Request

from accounts.authentication import current_user
from accounts.models import User
from core.http.body_errors import SlowClientLimitError, slow_client_problem
from core.http.multipart import StrictMultiPartParser, parse_boundary
from core.problems import FieldError, MalformedBody, TooManyFields, ValidationFailed
from files.models import Upload
from files.problems import FileTooLarge, QuotaExceeded, UploadInterrupted
from files.quota import check_quota
from files.storage.backend import tenant_storage
from files.storage.writer import ObjectWriter
from files.uploads.cleanup import abandon
from files.uploads.state import extend_reservation, reserve_upload, save_multipart_id
from tenants.context import current_tenant
from tenants.limits import limits_of

FILE_FIELD = "file"


# Beside the file: other fields (Django bounds them), part headers and boundaries.
FORM_OVERHEAD_BYTES = 64 * 1024


# What may follow the closing delimiter (RFC 2046 section 5.1.1 has an epilogue that nobody sends).
MAX_EPILOGUE_BYTES = 1024


# How much is searched for the beginning of the file; fields in front of it are seldom longer.
SEARCHED_HEAD_BYTES = 256 * 1024


@dataclass
class ReceivedFile:
    """The file of a form, in the store but not yet readable there."""

    name: str
    upload: Upload
    writer: ObjectWriter

    def drop(self) -> None:
        """Make sure that nothing stays of it, unless a file was made of it."""
        self.writer.stop()
        abandon(self.upload)

    def close(self) -> None:
        """Do nothing: Django closes what it takes for temporary files."""


class StreamingUploadHandler(FileUploadHandler):
    """Sends the form's field ``file`` to the store; skips files in other fields."""

    chunk_size = 256 * 1024

    def __init__(self, user: User, expected: Callable[[], int]) -> None:
        """Take files of a person; ``expected`` tells how many bytes the next one may have."""
        super().__init__()
        self._user, self._expected = user, expected
        self.received: ReceivedFile | None = None

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        if field_name != FILE_FIELD:
            raise SkipFile
        if self.received is not None:
            _reject("repeated", "Send one file at a time.")
        upload = self._begun()
        key = tenant_storage().key_of(upload.object_name)
        noted = partial(save_multipart_id, upload)
        writer = ObjectWriter(key, noted, max_file_bytes())
        self.received = ReceivedFile(file_name, upload, writer)

    def _begun(self) -> Upload:
        """Begin an upload with room for all of the file, so that of several at once as many fit.

        If that much is not free, it may be less in truth: then it gets room as it grows.
        """
        try:
            return reserve_upload(user=self._user, expected=min(self._expected(), max_file_bytes()))
        except QuotaExceeded:
            return reserve_upload(user=self._user)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.received is not None:
            extend_reservation(self.received.upload, self.received.writer.size + len(raw_data))
            self.received.writer.write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        return self.received


class _RawFilenameReader(StrictMultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str:
        """Keep the name as sent: files/filenames.py refuses a wrong one instead of altering it."""
        return file_name


class FileFormParser(MultiPartParser):
    """multipart/form-data with one field ``file``; ``request.FILES["file"]`` is a Received.

    Raises FileTooLarge, QuotaExceeded, UploadInterrupted, StorageUnavailable, ValidationFailed for
    a second file and MalformedBody; nothing is left in the store then.
    """

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> "DataAndFiles[Any, Any]":
        """Read the whole form."""
        request: Request = (parser_context or {})["request"]
        declared = _declared_length(request.META)
        body = MultipartBody(stream, media_type or "", declared, max_file_bytes())
        handler = StreamingUploadHandler(current_user(request), body.expected)
        try:
            return _read_form(body, media_type or "", request, handler)
        except BaseException:
            if handler.received is not None:
                handler.received.drop()
            raise


def max_file_bytes() -> int:
    """Return the size of the largest file that the tenant may send through the backend."""
    return min(settings.FILE_STREAM_MAX_BYTES, limits_of(current_tenant()).file_max_bytes)


def _declared_length(meta: Mapping[str, Any]) -> int | None:
    """Return the length of the body if it is known; refuse what cannot fit before it is read."""
    if "chunked" in meta.get("HTTP_TRANSFER_ENCODING", "").lower():
        return None
    declared = int(meta.get("CONTENT_LENGTH") or 0)
    least = declared - max_overhead()
    if least > max_file_bytes():
        raise FileTooLarge(f"Send at most {max_file_bytes()} bytes.")
    if least > 0:
        check_quota(least)
    return declared


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


def _read_form(
    body: MultipartBody, media_type: str, request: Request, handler: StreamingUploadHandler
) -> "DataAndFiles[Any, Any]":
    meta = {**request.META, "CONTENT_TYPE": media_type}
    try:
        fields, files = _RawFilenameReader(meta, body, [handler]).parse()
    except (TooManyFieldsSent, TooManyFilesSent) as exc:
        raise TooManyFields("The form has too many parts.") from exc
    except MultiPartParserError as exc:
        raise MalformedBody(f"The form cannot be read: {exc}") from exc
    body.require_end()
    return DataAndFiles(fields, files)


def _reject(code: str, detail: str) -> NoReturn:
    raise ValidationFailed(errors=[FieldError(FILE_FIELD, code, detail)])


# The body of a multipart form as it is read: bounded, and aware of where its file begins.


def max_overhead() -> int:
    """Return how many bytes of a form can be something else than its file."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FORM_OVERHEAD_BYTES
