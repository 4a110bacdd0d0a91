"""Multipart forms (RFC 7578): a strict UTF-8 parser, and upload handlers that skip files.

Django's parser replaces bytes that it cannot decode and skips header lines that it cannot read. So
two file names could become equal, or a field could be lost without an error.
"""

import codecs
from email.message import Message
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.http import parse_header_parameters

from core.problems import MalformedBody

# Django's limit for the headers of one part.
MAX_HEADER_BYTES = 1024
HEADER_END = b"\r\n\r\n"
STRICT_UTF8_CODEC = "aggios_strict_utf_8"
# RFC 8187 section 3.2.1 has UTF-8; the other two are subsets that older clients send.
CHARSETS = frozenset({"utf-8", "iso-8859-1", "us-ascii", ""})
# Django decodes base64 only and stores the bytes of every other encoding (RFC 2045 section 6).
TRANSFER_ENCODINGS = frozenset({"7bit", "8bit", "binary", "base64"})


def _strict_codec(name: str) -> codecs.CodecInfo | None:
    """Return a UTF-8 codec that ignores ``errors="replace"``, which Django always passes."""
    if name != STRICT_UTF8_CODEC:
        return None
    return codecs.CodecInfo(
        name=STRICT_UTF8_CODEC,
        encode=lambda text, _="strict": codecs.utf_8_encode(text, "strict"),
        decode=lambda data, _="strict": codecs.utf_8_decode(data, "strict", True),
    )


codecs.register(_strict_codec)


def parse_boundary(content_type: str) -> bytes:
    """Return the boundary in a content type (RFC 2046 section 5.1.1).

    Raises: MalformedBody if there is none.
    """
    boundary = parse_header_parameters(content_type)[1].get("boundary", "")
    if not MultiPartParser.boundary_re.fullmatch(boundary):
        raise MalformedBody("The form's boundary is missing or not valid.")
    return boundary.encode("ascii")


class StrictMultiPartParser(MultiPartParser):
    """Django's parser, for UTF-8 only. Raises: MultiPartParserError for anything else."""

    def __init__(self, meta: Any, stream: Any, handlers: list[Any]) -> None:
        super().__init__(meta, stream, handlers, STRICT_UTF8_CODEC)
        self._input_data = HeaderCheckingStream(stream, parse_boundary(meta["CONTENT_TYPE"]))

    def parse(self) -> Any:
        """Return the fields and the files."""
        try:
            return super().parse()
        except UnicodeDecodeError as exc:
            raise MultiPartParserError("a field is not UTF-8") from exc


class HeaderCheckingStream:
    """The body of a form; the headers of each part are checked while it is read."""

    def __init__(self, stream: IO[bytes], boundary: bytes) -> None:
        self._stream, self._delimiter = stream, b"--" + boundary
        self._kept, self._in_header = b"", False

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises: MultiPartParserError for headers that are not UTF-8."""
        data = self._stream.read(size)
        text, at = self._kept + data, 0
        while (found := self._next(text, at)) is not None:
            at = found
        overlap = MAX_HEADER_BYTES if self._in_header else len(self._delimiter) - 1
        self._kept = text[max(at, len(text) - overlap) :]
        return data

    def _next(self, text: bytes, at: int) -> int | None:
        """Return the position after the next delimiter or headers; None if more must be read."""
        return self._end_header(text, at) if self._in_header else self._find_delimiter(text, at)

    def _find_delimiter(self, text: bytes, at: int) -> int | None:
        found = text.find(self._delimiter, at)
        if found < 0:
            return None
        self._in_header = True
        return found + len(self._delimiter)

    def _end_header(self, text: bytes, at: int) -> int | None:
        found = text.find(HEADER_END, at, at + MAX_HEADER_BYTES)
        if found < 0 and len(text) - at < MAX_HEADER_BYTES:
            return None
        self._in_header = False
        if found < 0:  # the epilogue, or more than Django reads
            return at
        _check_headers(text[at:found])
        return found


class SkipFilesUploadHandler(FileUploadHandler):
    """Skips the files of a form."""

    chunk_size = 64 * 1024

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Skip every file."""
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Do nothing. Never called, because every file is skipped."""

    def file_complete(self, file_size: int) -> None:
        """Do nothing. Never called, because every file is skipped."""


class NoFilesUploadHandler(SkipFilesUploadHandler):
    """The default handler: reads a form in chunks, refuses large forms, and skips files.

    Without a handler Django reads a form of any size into memory. Views that accept files install
    their own handler.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> Any:
        """Return the fields of the form, without files.

        Raises: RequestDataTooBig for a form above the limit for bodies in memory, and
        MultiPartParserError.
        """
        if content_length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig("The form is too large.")
        return self.parse_form(META, input_data)

    def parse_form(self, meta: Any, stream: Any) -> Any:
        """Return the fields of a form whose size is checked."""
        return StrictMultiPartParser(meta, stream, [SkipFilesUploadHandler()]).parse()


def _check_headers(block: bytes) -> None:
    try:
        # The first line is the rest of the delimiter (RFC 2046 section 5.1.1, padding).
        for line in block.decode().split("\r\n")[1:]:
            _check_parameters(line)
            _check_line(line)
    except (LookupError, ValueError) as exc:
        raise MultiPartParserError("a name or a file name is not UTF-8") from exc


def _check_line(line: str) -> None:
    """Refuse folded header lines and unknown transfer encodings, which Django ignores.

    Otherwise the rest of a folded name (RFC 5322 section 2.2.3) would be lost, and the encoded
    bytes of a file would be stored as its content.
    """
    if line.startswith((" ", "\t")):
        raise MultiPartParserError("a header of a part is folded over several lines")
    name, _, value = line.partition(":")
    if name.strip().lower() != "content-transfer-encoding":
        return
    if value.partition(";")[0].strip().lower() not in TRANSFER_ENCODINGS:
        raise MultiPartParserError("a transfer encoding is not read here")


def _check_parameters(line: str) -> None:
    """Decode the extended parameters of a header line (RFC 8187), such as ``filename*``.

    Raises: UnicodeDecodeError for bytes that are invalid in their charset, and LookupError for an
    unsupported charset.
    """
    if "*" not in line:
        return
    header = Message()
    header["content-type"] = line.partition(":")[2].strip()
    for _, value in header.get_params([]):
        if isinstance(value, tuple):
            charset, _, text = value
            if (charset or "").lower() not in CHARSETS:
                raise LookupError(charset)
            text.encode("latin-1").decode(charset or "ascii")
