"""Encoding of upload forms: any valid boundary is accepted, and text must be UTF-8."""

import pytest

from core.problems import MalformedBody
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency
from tests.support.http_client import Host

MALFORMED = (400, MalformedBody.code)


def send_form(host: Host, boundary: bytes, header: str, parts: list[bytes]):
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    headers = {"Content-Type": header}
    content = body + b"--" + boundary + b"--\r\n"
    return host.request("POST", "/api/files", content=content, headers=headers)


def file_part(name: bytes, field: bytes = b"file") -> bytes:
    return b'Content-Disposition: form-data; name="' + field + b'"; filename' + name + b"\r\n\r\nx"


def send_parts(host: Host, *parts: bytes):
    return send_form(host, b"b", "multipart/form-data; boundary=b", list(parts))


@pytest.mark.parametrize(
    ("boundary", "header"),
    [
        (b"a,b", 'multipart/form-data; boundary="a,b"'),
        (b"a;b", 'multipart/form-data; boundary="a;b"'),
        (b'a"b', 'multipart/form-data; boundary="a\\"b"'),
        (b"a b:c=?'()+_./", 'multipart/form-data; boundary="a b:c=?\'()+_./"'),
        (b"ab", "Multipart/Form-Data; Boundary=ab"),
        (b"ab", "MULTIPART/FORM-DATA;boundary=ab;charset=iso-8859-1"),
    ],
)
def test_form_with_any_boundary_is_read(acme: Agency, boundary: bytes, header: str):
    response = send_form(acme.owner.at, boundary, header, [file_part(b'="boundaries.txt"')])

    assert response.status_code == 201, response.text
    assert response.json()["name"] == "boundaries.txt"


@pytest.mark.parametrize(
    "parts",
    [
        [file_part(b'="caf\xe9.txt"')],
        [file_part(b"*=UTF-8''caf%E9.txt")],
        [file_part(b"=\"x\"; filename*=UTF-8''caf%E8.txt")],
        [file_part(b'="x.txt"', b"f\xe9"), file_part(b'="encoding.txt"')],
        [file_part(b'="x"'), b'Content-Disposition: form-data; name="path"\r\n\r\ncaf\xe9'],
        [b'Content-Disposition: form-data; name="caf\xe9"\r\n\r\nx', file_part(b'="x"')],
    ],
    ids=["filename", "filename*", "both", "name of a file", "value", "name"],
)
def test_form_that_is_not_utf8_is_malformed_and_keeps_nothing(acme: Agency, parts: list[bytes]):
    before = acme.owner.at.get("/api/files?limit=1").json()["results"]

    response = send_parts(acme.owner.at, *parts)

    assert status_and_code(response) == MALFORMED
    assert acme.owner.at.get("/api/files?limit=1").json()["results"] == before


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (b"*=UTF-8''caf%C3%A9-1.txt", "café-1.txt"),
        ('="café-2.txt"'.encode(), "café-2.txt"),
        ('="\ufffd.txt"'.encode(), "\ufffd.txt"),
        (b'="100%E9.txt"', "100%E9.txt"),
    ],
)
def test_file_name_in_utf8_is_kept_as_it_is(acme: Agency, name: bytes, kept: str):
    response = send_parts(acme.owner.at, file_part(name))

    assert response.status_code == 201, response.text
    assert response.json()["name"] == kept
