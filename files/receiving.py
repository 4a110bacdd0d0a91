"""Reading a multipart form whose file goes to the store while it arrives.

Nothing of the file is kept in memory or on disk beyond the part that is being sent, and no database
transaction is open meanwhile.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParser as FormReader
from django.http.multipartparser import MultiPartParserError
from rest_framework.parsers import DataAndFiles, MultiPartParser
from rest_framework.request import Request

from accounts.authentication import person
from accounts.models import User
from core.problems import BodyTooLarge, FieldError, MalformedBody, ValidationFailed
from files.models import Upload
from files.problems import FileTooLarge, UploadInterrupted
from files.storage import tenant_storage
from files.uploads.records import cover, note_multipart, start_upload
from files.uploads.settling import give_up
from files.writing import ObjectWriter
from tenants.context import current_tenant
from tenants.limits import limits_of

FIELD = "file"
# Beside the file: other fields (Django bounds them), part headers and boundaries.
OVERHEAD = 64 * 1024
# What may follow the closing delimiter (RFC 2046 section 5.1.1 has an epilogue that nobody sends).
EPILOGUE = 1024


@dataclass
class Received:
    """The file of a form, in the store but not yet readable there."""

    name: str
    upload: Upload
    writer: ObjectWriter

    def close(self) -> None:
        """Do nothing: Django closes what it takes for temporary files."""


class ToStore(FileUploadHandler):
    """Sends the form's field ``file`` to the store; skips files in other fields."""

    chunk_size = 256 * 1024

    def __init__(self, user: User) -> None:
        super().__init__()
        self._user = user
        self.received: Received | None = None

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        if field_name != FIELD:
            raise SkipFile
        if self.received is not None:
            _refuse("repeated", "Send one file at a time.")
        upload = start_upload(user=self._user)
        key = tenant_storage().key_of(upload.object_name)
        noted = partial(note_multipart, upload)
        writer = ObjectWriter(key, noted, most_bytes())
        self.received = Received(file_name, upload, writer)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.received is not None:
            cover(self.received.upload, self.received.writer.size + len(raw_data))
            self.received.writer.write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        return self.received


class _FormReader(FormReader):
    def sanitize_file_name(self, file_name: str) -> str:
        """Keep the name as sent: files/names.py refuses what is wrong instead of altering it."""
        return file_name


class _Body:
    """The request's body: bounded, and aware of whether the form's end has been seen."""

    def __init__(self, stream: IO[bytes], boundary: str) -> None:
        self._stream = stream
        self._closing = b"--" + boundary.encode("latin-1") + b"--"
        self._tail = b""
        self._left = most_bytes() + settings.DATA_UPLOAD_MAX_MEMORY_SIZE + OVERHEAD

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(size)
        except UnreadablePostError as exc:
            raise UploadInterrupted from exc
        self._left -= len(data)
        if self._left < 0:
            raise FileTooLarge
        kept = len(self._closing) + EPILOGUE
        self._tail = data[-kept:] if len(data) >= kept else (self._tail + data)[-kept:]
        return data

    def require_end(self) -> None:
        """Raise UploadInterrupted if the client stopped before the form's end (RFC 2046, 5.1.1)."""
        if self._closing not in self._tail:
            raise UploadInterrupted


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
        _refuse_declared(request.META)
        handler = ToStore(person(request))
        try:
            return _read_form(stream, media_type or "", request, handler)
        except BaseException:
            if handler.received is not None:
                give_up(handler.received.upload)
            raise


def most_bytes() -> int:
    """Return the size of the largest file that the tenant may send through the backend."""
    return min(settings.FILE_STREAM_MAX_BYTES, limits_of(current_tenant()).file_max_bytes)


def _refuse_declared(meta: Mapping[str, Any]) -> None:
    """Refuse a body that says itself that it is too large, before a byte of it is read."""
    most = most_bytes() + settings.DATA_UPLOAD_MAX_MEMORY_SIZE + OVERHEAD
    known = "chunked" not in meta.get("HTTP_TRANSFER_ENCODING", "").lower()
    if known and int(meta.get("CONTENT_LENGTH") or 0) > most:
        raise FileTooLarge(f"Send at most {most_bytes()} bytes.")


def _read_form(
    stream: IO[bytes], media_type: str, request: Request, handler: ToStore
) -> "DataAndFiles[Any, Any]":
    body = _Body(stream, _boundary(media_type))
    meta = {**request.META, "CONTENT_TYPE": media_type}
    try:
        fields, files = _FormReader(meta, body, [handler], "utf-8").parse()  # type: ignore[arg-type]
    except (TooManyFieldsSent, TooManyFilesSent) as exc:
        raise BodyTooLarge("The form has too many parts.") from exc
    except MultiPartParserError as exc:
        raise MalformedBody(f"The form cannot be read: {exc}") from exc
    body.require_end()
    return DataAndFiles(fields, files)


def _boundary(media_type: str) -> str:
    found = re.search(r'boundary="?([^";,]+)"?', media_type, re.IGNORECASE)
    if found is None:
        raise MalformedBody("The form's boundary is missing.")
    return found[1].strip()


def _refuse(code: str, detail: str) -> NoReturn:
    raise ValidationFailed(errors=[FieldError(FIELD, code, detail)])
