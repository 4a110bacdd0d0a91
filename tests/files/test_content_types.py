"""Content types are detected from the content; active content is never served with its type."""

import bz2
import gzip
import io
import lzma
import zipfile

import httpx
import pytest

from files.content_types import HEAD_BYTES, SAFE_TYPES, detect_content_type, safe_content_type
from tests.support.factories import Agency
from tests.support.files.direct_uploads import upload_directly
from tests.support.files.form_uploads import add_file
from tests.support.http_client import Site

OCTETS = "application/octet-stream"
OOXML = "application/vnd.openxmlformats-officedocument"


def zip_with(name: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, "x")
    return made.getvalue()


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\b\6\0\0\0"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
XML = b'<?xml version="1.0"?><a/>'
SCRIPT = b"fetch('/api/users/me')"

FOUND = [
    ("a.png", PNG, "image/png"),
    ("a.jpg", JPEG, "image/jpeg"),
    ("a.gif", b"GIF89a\1\0\1\0\0\0\0;", "image/gif"),
    ("a.webp", b"RIFF\x24\0\0\0WEBPVP8 " + bytes(20), "image/webp"),
    ("a.bmp", b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0(\0\0\0", "image/bmp"),
    ("a.tiff", b"II*\0\b\0\0\0" + bytes(20), "image/tiff"),
    ("a.avif", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B", "image/avif"),
    ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
    ("a.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video/mp4"),
    ("a.mp4", b"\0\0\0\x18ftypdash\0\0\0\0iso6dash", "video/mp4"),
    ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/quicktime"),
    ("a.webm", b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\x82\x84webm", "video/webm"),
    ("a.mp3", b"ID3\3\0\0\0\0\0\0" + bytes(20), "audio/mpeg"),
    ("a.wav", b"RIFF\x24\0\0\0WAVEfmt " + bytes(20), "audio/wav"),
    ("a.ogg", b"OggS\0\2" + bytes(22) + b"\1vorbis", "audio/ogg"),
    ("a.pdf", PDF, "application/pdf"),
    ("a.pdf", b"%PDF-1.4\n1 0 obj\n", "application/pdf"),
    ("a.rtf", b"{\\rtf1\\ansi hello}", "application/rtf"),
    ("a.zip", zip_with("a.txt"), "application/zip"),
    ("a.docx", zip_with("word/document.xml"), f"{OOXML}.wordprocessingml.document"),
    ("A.XLSX", zip_with("xl/workbook.xml"), f"{OOXML}.spreadsheetml.sheet"),
    ("a.doc", OLE, "application/msword"),
    ("a.xls", OLE, "application/vnd.ms-excel"),
    ("a.tar.gz", gzip.compress(b"x", mtime=0), "application/gzip"),
    ("a.bz2", bz2.compress(b"x"), "application/x-bzip2"),
    ("a.xz", lzma.compress(b"x"), "application/x-xz"),
    ("a.txt", b"hello", "text/plain"),
    ("README", b"hello", "text/plain"),
    ("a.txt", "été".encode("latin-1"), "text/plain"),
    ("a.txt", b"", "text/plain"),
    ("a.txt", b"II World War", "text/plain"),
    ("a.csv", b"a,b\n1,2\n", "text/csv"),
    ("a.json", b'{"a": 1}', "application/json"),
    # The name says nothing about the type, the bytes do.
    ("a.txt", JPEG, "image/jpeg"),
    ("no-suffix", PNG, "image/png"),
    ("a.png", zip_with("a.txt"), "application/zip"),
    # Neither the name nor the bytes say what it is.
    ("a.bin", b"content", OCTETS),
    ("a.png", bytes(range(256)), OCTETS),
    ("a.png", b"", OCTETS),
    ("a.png", SCRIPT, OCTETS),
    ("a.txt", bytes(range(256)), OCTETS),
    ("no-suffix", OLE, OCTETS),
    # Content that a browser could run, under any name.
    ("a.html", HTML, "text/html"),
    ("a.png", HTML, "text/html"),
    ("a.txt", HTML, "text/html"),
    ("a.txt", b"\n \t<ScRiPt>", "text/html"),
    ("a.txt", b"\xef\xbb\xbf<p>", "text/html"),
    ("a.txt", "<html>".encode("utf-16"), "text/html"),
    ("a.png", SVG, "image/svg+xml"),
    ("a.png", XML + SVG, "image/svg+xml"),
    ("a.jpg", XML, "text/xml"),
    ("a.svg", XML + SVG, "image/svg+xml"),
    ("a.js", SCRIPT, "text/javascript"),
    ("a.css", b"a { color: red }", "text/css"),
    ("a.js", b"GIF89a=1;alert(1)", "text/javascript"),
]


@pytest.mark.parametrize(("name", "head", "found"), FOUND)
def test_content_type_is_detected_from_the_content(name: str, head: bytes, found: str):
    assert detect_content_type(head[:HEAD_BYTES], name) == found


LATE = b" " * (HEAD_BYTES - len(HTML)) + HTML
DISGUISED = [
    ("page.png", HTML),
    ("drawing.jpg", SVG),
    ("feed.gif", XML),
    ("script.png", SCRIPT),
    ("late.txt", LATE),
]


def assert_harmless(response: httpx.Response, kind: str = OCTETS) -> None:
    assert response.status_code in (200, 206)
    assert response.headers["Content-Type"] == kind
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = {part.strip() for part in response.headers["Content-Security-Policy"].split(";")}
    assert {"sandbox", "default-src 'none'"} <= policy


@pytest.mark.parametrize("way", ["backend", "direct"])
@pytest.mark.parametrize(("name", "data"), DISGUISED)
def test_active_content_is_served_as_octet_stream(
    acme: Agency, site: Site, way: str, name: str, data: bytes
):
    ada = acme.owner.at
    if way == "direct":
        file = upload_directly(site, ada, f"direct-{name}", data, content_type="image/png")
    else:
        file = add_file(ada, name, data)
    path = f"/api/files/{file['id']}"

    assert_harmless(ada.get(f"{path}/content"))
    assert_harmless(ada.get(f"{path}/content", headers={"Range": "bytes=0-1"}))
    assert_harmless(site.fetch(ada.get(f"{path}/download").headers["Location"]))
    assert safe_content_type(file["content_type"]) == OCTETS


@pytest.mark.parametrize("way", ["backend", "direct"])
def test_image_is_served_with_its_type(acme: Agency, site: Site, way: str):
    ada = acme.owner.at
    if way == "direct":
        file = upload_directly(site, ada, "p.bin", PNG, content_type="text/html")
    else:
        file = add_file(ada, "p.html", PNG)
    path = f"/api/files/{file['id']}"

    assert file["content_type"] == "image/png"
    assert_harmless(ada.get(f"{path}/content"), "image/png")
    assert_harmless(site.fetch(ada.get(f"{path}/download").headers["Location"]), "image/png")


def test_safe_types_contain_no_active_type():
    running = {"text/html", "image/svg+xml", "text/xml", "application/xml", "text/javascript"}

    assert SAFE_TYPES.isdisjoint(running | {"application/xhtml+xml", "text/css"})
