"""Multipart forms (RFC 7578) whose names and values are UTF-8, or are refused.

Django's parser replaces what it cannot decode and skips header lines that it cannot read, so that
two file names become one or a field is lost without a word.
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

# Django reads no longer headers of one part than this.
MAX_HEADER_BYTES = 1024


HEADER_END = b"\r\n\r\n"


STRICT_UTF8_CODEC = "aggios_strict_utf_8"


# RFC 8187 section 3.2.1 has UTF-8; the other two are subsets that older clients send.
CHARSETS = frozenset({"utf-8", "iso-8859-1", "us-ascii", ""})


# Django decodes the last one and takes every other for bytes as they are (RFC 2045 section 6).
TRANSFER_ENCODINGS = frozenset({"7bit", "8bit", "binary", "base64"})


def _strict_codec(name: str) -> codecs.CodecInfo | None:
    """Find a codec that is UTF-8 and ignores ``errors="replace"``, which Django always asks for."""
    if name != STRICT_UTF8_CODEC:
        return None
    return codecs.CodecInfo(
        name=STRICT_UTF8_CODEC,
        encode=lambda text, _="strict": codecs.utf_8_encode(text, "strict"),
        decode=lambda data, _="strict": codecs.utf_8_decode(data, "strict", True),
    )


codecs.register(_strict_codec)


def parse_boundary(content_type: str) -> bytes:
    """Return the boundary that a content type names (RFC 2046 section 5.1.1).

    Raises MalformedBody if there is none.
    """
    boundary = parse_header_parameters(content_type)[1].get("boundary", "")
    if not MultiPartParser.boundary_re.fullmatch(boundary):
        raise MalformedBody("The form's boundary is missing or not valid.")
    return boundary.encode("ascii")


class StrictMultiPartParser(MultiPartParser):
    """Django's parser for forms in UTF-8. Raises MultiPartParserError for any other."""

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
    """A form's body as it is read, which looks at the headers of each part as they go by."""

    def __init__(self, stream: IO[bytes], boundary: bytes) -> None:
        self._stream, self._delimiter = stream, b"--" + boundary
        self._kept, self._in_header = b"", False

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises MultiPartParserError for headers that are not UTF-8."""
        data = self._stream.read(size)
        text, at = self._kept + data, 0
        while (found := self._next(text, at)) is not None:
            at = found
        overlap = MAX_HEADER_BYTES if self._in_header else len(self._delimiter) - 1
        self._kept = text[max(at, len(text) - overlap) :]
        return data

    def _next(self, text: bytes, at: int) -> int | None:
        """Go on to the next delimiter or end of headers; None when more must be read for that."""
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


def _check_headers(block: bytes) -> None:
    try:
        # The first line is the rest of the delimiter's (RFC 2046 section 5.1.1, padding).
        for line in block.decode().split("\r\n")[1:]:
            _check_parameters(line)
            _check_line(line)
    except (LookupError, ValueError) as exc:
        raise MultiPartParserError("a name or a file name is not UTF-8") from exc


def _check_line(line: str) -> None:
    """Refuse what Django would leave out of a part: folded lines and unknown transfer encodings.

    The rest of a folded name (RFC 5322 section 2.2.3) would be lost, and the encoded bytes of a
    file would be kept as its content.
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

    Raises UnicodeDecodeError for bytes that do not fit their charset, LookupError for a charset
    that is not read.
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


# Forms that bring files where none are wanted.


class SkipFilesUploadHandler(FileUploadHandler):
    """Skips the files of a form."""

    chunk_size = 64 * 1024

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Skip every file."""
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep nothing; never called, as every file is skipped."""

    def file_complete(self, file_size: int) -> None:
        """Return nothing; never called, as every file is skipped."""


class NoFilesUploadHandler(SkipFilesUploadHandler):
    """Reads a form piece by piece, refuses large ones, and skips files.

    Without a handler Django takes the whole form into memory, whatever its size. Views that want
    files install a handler of their own.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> Any:
        """Return the fields of the form, which are UTF-8, and no files.

        Raises RequestDataTooBig for a form that is larger than any body in memory may be, and
        MultiPartParserError.
        """
        if content_length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig("The form is too large.")
        return StrictMultiPartParser(META, input_data, [SkipFilesUploadHandler()]).parse()
