"""Multipart forms are UTF-8, in chunks of any size."""

import io

import pytest
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParserError

from core.http.multipart import HeaderCheckingStream, StrictMultiPartParser, parse_boundary
from core.problems import MalformedBody


class Pieces(io.BytesIO):
    """Returns at most a number of bytes per read."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._most if size is None or size < 0 else min(size, self._most))


def form(*parts: bytes, boundary: bytes = b"b") -> bytes:
    text = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return text + b"--" + boundary + b"--\r\n"


def field(name: bytes, value: bytes = b"x", more: bytes = b"") -> bytes:
    return b'Content-Disposition: form-data; name="' + name + b'"' + more + b"\r\n\r\n" + value


def read(body: bytes, most: int = 1 << 20, content_type: str = "multipart/form-data; boundary=b"):
    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body))}
    return StrictMultiPartParser(meta, Pieces(body, most), [MemoryFileUploadHandler()]).parse()


GOOD = form(
    field("é".encode(), "wörld".encode()),
    field(b"plain", "\ufffd".encode()),
    b"Content-Type: text/plain\r\n" + field(b"other", b"\r\n\r\n--c\r\n"),
)
BAD = {
    "value": field(b"a", b"caf\xe9"),
    "base64": b"Content-Transfer-Encoding: base64\r\n" + field(b"a", b"Y2Fm6Q=="),
    "name": field(b"caf\xe9"),
    "filename": field(b"a", more=b'; filename="caf\xe9"'),
    "name*": field(b"a", more=b"; name*=UTF-8''caf%E9"),
    "filename*": field(b"a", more=b"; filename*=UTF-8''caf%E9"),
    "filename*0*": field(b"a", more=b"; filename*0*=UTF-8''caf%E9; filename*1=x"),
    "charset": field(b"a", more=b"; filename*=UTF-16''caf%E9"),
    "unknown charset": field(b"a", more=b"; filename*=rot13''caf"),
    "surrogate": field(b"a", more=b"; filename*=UTF-8''%ED%A0%80"),
    "other header": b"X-Name: caf\xe9\r\n" + field(b"a"),
}


@pytest.mark.parametrize("most", [1, 2, 3, 7, 64, 1 << 20])
def test_utf8_form_in_any_chunk_size_is_parsed(most: int):
    fields, _ = read(GOOD, most)

    assert fields.dict() == {"é": "wörld", "plain": "\ufffd", "other": "\r\n\r\n--c\r\n"}


@pytest.mark.parametrize("most", [1, 5, 1 << 20])
@pytest.mark.parametrize("kind", BAD)
def test_non_utf8_form_in_any_chunk_size_is_refused(kind: str, most: int):
    with pytest.raises(MultiPartParserError, match="not UTF-8"):
        read(form(field(b"first"), BAD[kind], field(b"last")), most)


@pytest.mark.parametrize("most", [1, 1 << 20])
@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (field(b"f", more=b'; filename="a\r\n b.txt"'), "folded"),
        (field(b"f", more=b';\r\n\tfilename="b.txt"'), "folded"),
        (b"Content-Transfer-Encoding: quoted-printable\r\n" + field(b"f"), "transfer encoding"),
        (b"content-transfer-encoding: gzip; x=y\r\n" + field(b"f"), "transfer encoding"),
    ],
)
def test_form_with_headers_that_django_ignores_is_refused(part: bytes, reason: str, most: int):
    with pytest.raises(MultiPartParserError, match=reason):
        read(form(field(b"first"), part), most)


@pytest.mark.parametrize("encoding", [b"7bit", b"8bit", b"Binary", b"BASE64", b"base64; x=y"])
def test_known_transfer_encoding_is_parsed(encoding: bytes):
    fields, _ = read(form(b"Content-Transfer-Encoding: " + encoding + b"\r\n" + field(b"a")))

    assert list(fields) == ["a"]


def test_delimiter_with_padding_is_parsed():
    fields, _ = read(form(field(b"a")).replace(b"--b\r\n", b"--b \t\r\n"))

    assert fields.dict() == {"a": "x"}


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (b"; filename*=UTF-8''caf%C3%A9", "café"),
        (b"; filename*=iso-8859-1''caf%E9", "café"),
        ('; filename="café"'.encode(), "café"),
        (b'; filename="caf%E9"', "caf%E9"),
        (b'; filename="a*b"', "a*b"),
    ],
)
def test_file_name_in_known_charset_is_parsed(more: bytes, name: str):
    _, files = read(form(field(b"f", b"\xff\xfe", more)))

    assert files["f"].name == name
    assert files["f"].read() == b"\xff\xfe"


@pytest.mark.parametrize("data", [b"\xff" * 5000, b"\r\n" * 3000 + b"\xff", b"--" * 3000])
def test_content_of_file_is_not_checked(data: bytes):
    _, files = read(form(field(b"f", data, b'; filename="x"')), 100)

    assert files["f"].read() == data


def test_epilogue_is_not_checked():
    fields, _ = read(form(field(b"a")) + b"\xff" * 500, 100)

    assert fields.dict() == {"a": "x"}


def test_body_of_delimiters_takes_linear_time():
    body = b"--b" * 100_000
    calls = 0

    class Counted(HeaderCheckingStream):
        def _next(self, text: bytes, at: int) -> int | None:
            nonlocal calls
            calls += 1
            return super()._next(text, at)

    parts = Counted(io.BytesIO(body), b"b")
    while parts.read(64 * 1024):
        pass

    assert calls <= 2 * 100_000 + 10


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('multipart/form-data; boundary="a,b;c d=?e"', b"a,b;c d=?e"),
        ('multipart/form-data; charset=utf-8; Boundary="a\\"b"', b'a"b'),
        ('multipart/form-data; boundary="abc"; charset=utf-8', b"abc"),
        ("multipart/form-data; boundary=a,b", b"a,b"),
    ],
)
def test_quoted_boundary_is_unquoted(content_type: str, boundary: bytes):
    assert parse_boundary(content_type) == boundary


@pytest.mark.parametrize("text", ["", "; boundary=", "; boundary=é", "; x=boundary=a"])
def test_content_type_without_boundary_is_malformed(text: str):
    with pytest.raises(MalformedBody):
        parse_boundary(f"multipart/form-data{text}")
