"""Parser of multipart forms that streams the file to the store while it arrives.

Memory holds only the part that is being sent, nothing is written to disk, and no database
transaction is open during the transfer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework.parsers import DataAndFiles, MultiPartParser
from rest_framework.request import Request

from accounts.authentication import current_user
from accounts.models import User
from core.http.body_errors import SlowClientLimitError, slow_client_problem
from core.http.multipart import StrictMultiPartParser, parse_boundary
from core.problems import FieldError, MalformedBody, TooManyFields, ValidationFailed
from core.text.translation import translatable
from files.models import Upload
from files.problems import FileTooLarge, QuotaExceeded, UploadInterrupted
from files.quota import check_quota
from files.storage.configured import tenant_storage
from files.storage.writer import ObjectWriter
from files.uploads.cleanup import abandon
from files.uploads.state import extend_reservation, reserve_upload, save_multipart_id
from tenants.context import current_tenant, limits_of

FILE_FIELD = "file"
# Beside the file: other fields (Django limits them), part headers and boundaries.
FORM_OVERHEAD_BYTES = 64 * 1024
# RFC 2046 section 5.1.1 allows an epilogue after the closing delimiter; clients send none.
MAX_EPILOGUE_BYTES = 1024
# The file is expected to begin within so many bytes; fields before it are seldom longer.
SEARCHED_HEAD_BYTES = 256 * 1024
BeforeFile = Callable[[QueryDict], None]


def _accept(fields: QueryDict) -> None:
    """Accept every form."""


@dataclass
class ReceivedFile:
    """The file of a form: in the store, but not readable yet."""

    name: str
    upload: Upload
    writer: ObjectWriter

    def discard(self) -> None:
        """Delete it from the store, unless it became a file."""
        self.writer.stop()
        abandon(self.upload)

    def close(self) -> None:
        """Do nothing: Django closes all uploaded files after the request."""


class FileFormParser(MultiPartParser):
    """multipart/form-data with one field ``file``; ``request.FILES["file"]`` is a ReceivedFile.

    After an error nothing is left in the store. Raises: FileTooLarge, QuotaExceeded,
    UploadInterrupted, StorageUnavailable, MalformedBody, ValidationFailed (for a second file).
    """

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> "DataAndFiles[Any, Any]":
        """Read the whole form."""
        request: Request = (parser_context or {})["request"]
        meta = {**request.META, "CONTENT_TYPE": media_type or ""}
        return receive_form(stream, meta, user=current_user(request))


def receive_form(
    stream: IO[bytes], meta: Mapping[str, Any], *, user: User, before_file: BeforeFile = _accept
) -> "DataAndFiles[Any, Any]":
    """Read a form and send its file to the store; ``meta`` are the headers of the request.

    ``before_file`` gets the fields that precede the file, and may raise. After an error nothing is
    left in the store. Raises: as FileFormParser.
    """
    media_type = meta.get("CONTENT_TYPE", "")
    body = MultipartBody(stream, media_type, _content_length(meta), max_file_bytes())
    handler = StreamingUploadHandler(user, body.expected_size)
    try:
        return _parse_form(body, meta, handler, before_file)
    except BaseException:
        if handler.received is not None:
            handler.received.discard()
        raise


class StreamingUploadHandler(FileUploadHandler):
    """Sends the form's field ``file`` to the store; skips files in other fields."""

    chunk_size = 256 * 1024

    def __init__(self, user: User, expected_size: Callable[[], int]) -> None:
        """Take a file of the user; ``expected_size`` returns the likely size of the next file."""
        super().__init__()
        self._user, self._expected_size = user, expected_size
        self.before_file: Callable[[], None] = lambda: None
        self.received: ReceivedFile | None = None

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        if field_name != FILE_FIELD:
            raise SkipFile
        if self.received is not None:
            _reject("repeated", "Send one file at a time.")
        self.before_file()
        upload = self._reserve()
        key = tenant_storage().key_of(upload.object_name)
        writer = ObjectWriter(key, partial(save_multipart_id, upload), max_file_bytes())
        self.received = ReceivedFile(file_name, upload, writer)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.received is not None:
            extend_reservation(self.received.upload, self.received.writer.size + len(raw_data))
            self.received.writer.write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        return self.received

    def _reserve(self) -> Upload:
        """Reserve the expected size, so that concurrent uploads share the quota fairly.

        If that exceeds the quota the file may still be smaller, so the reservation starts at 0 and
        grows with the content.
        """
        expected = min(self._expected_size(), max_file_bytes())
        try:
            return reserve_upload(user=self._user, expected=expected)
        except QuotaExceeded:
            return reserve_upload(user=self._user)


class MultipartBody:
    """A form body with a size limit, which knows where its file begins and that it ends."""

    def __init__(
        self, stream: IO[bytes], media_type: str, length: int | None, max_bytes: int
    ) -> None:
        """Take a form with a file of at most ``max_bytes``. Raises: MalformedBody."""
        self._stream, self._length = stream, length
        self._closing = b"--" + parse_boundary(media_type) + b"--"
        self._tail = b""
        self._head = bytearray()
        self._remaining = max_bytes + max_overhead()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises: UploadInterrupted, TooManySlowBodies, FileTooLarge."""
        try:
            data = self._stream.read(size)
        except UnreadablePostError as exc:
            if isinstance(exc.__cause__, SlowClientLimitError):
                raise slow_client_problem() from exc
            raise UploadInterrupted from exc
        self._remaining -= len(data)
        if self._remaining < 0:
            raise FileTooLarge
        if len(self._head) < SEARCHED_HEAD_BYTES:
            self._head += data
        tail = len(self._closing) + MAX_EPILOGUE_BYTES
        self._tail = data[-tail:] if len(data) >= tail else (self._tail + data)[-tail:]
        return data

    def expected_size(self) -> int:
        """Return the size of the file that has just begun, or 0 if it is unknown.

        It is exact if the file is the last part of the form, as usual; otherwise it is too large.
        """
        named = self._head.find(b"filename")
        start = self._head.find(b"\r\n\r\n", named) + 4
        if self._length is None or named < 0 or start < 4:
            return 0
        return max(0, self._length - start - len(b"\r\n\r\n") - len(self._closing))

    def require_end(self) -> None:
        """Check that the form has its closing delimiter (RFC 2046, 5.1.1).

        Raises: UploadInterrupted.
        """
        if self._closing not in self._tail:
            raise UploadInterrupted


def max_file_bytes() -> int:
    """Return the largest size of a file that the tenant may send through the backend."""
    return min(settings.FILE_STREAM_MAX_BYTES, limits_of(current_tenant()).file_max_bytes)


def max_overhead() -> int:
    """Return the largest number of bytes of a form beside its file."""
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FORM_OVERHEAD_BYTES


class _FileFormReader(StrictMultiPartParser):
    @property
    def fields_so_far(self) -> QueryDict:
        """The fields that precede the current part."""
        fields: QueryDict = vars(self)["_post"]  # Django's own attribute
        return fields

    def sanitize_file_name(self, file_name: str) -> str:
        """Keep the name as sent; files/filenames.py refuses an invalid name, and alters none."""
        return file_name


def _content_length(meta: Mapping[str, Any]) -> int | None:
    """Return the length of the body if it is known; refuse a body that is certainly too large.

    Raises: FileTooLarge, QuotaExceeded.
    """
    if "chunked" in meta.get("HTTP_TRANSFER_ENCODING", "").lower():
        return None
    length = int(meta.get("CONTENT_LENGTH") or 0)
    min_file_size = length - max_overhead()
    if min_file_size > max_file_bytes():
        raise FileTooLarge(translatable("Send at most %(count)s bytes.", count=max_file_bytes()))
    if min_file_size > 0:
        check_quota(min_file_size)
    return length


def _parse_form(
    body: MultipartBody,
    meta: Mapping[str, Any],
    handler: StreamingUploadHandler,
    before_file: BeforeFile,
) -> "DataAndFiles[Any, Any]":
    try:
        reader = _FileFormReader(meta, body, [handler])
        handler.before_file = lambda: before_file(reader.fields_so_far)
        fields, files = reader.parse()
    except (TooManyFieldsSent, TooManyFilesSent) as exc:
        raise TooManyFields("The form has too many parts.") from exc
    except MultiPartParserError as exc:
        detail = translatable("The form cannot be read: %(error)s", error=exc)
        raise MalformedBody(detail) from exc
    body.require_end()
    return DataAndFiles(fields, files)


def _reject(code: str, detail: str) -> NoReturn:
    raise ValidationFailed(errors=[FieldError(FILE_FIELD, code, detail)])
