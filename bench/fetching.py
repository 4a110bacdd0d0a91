"""One large file down: by boto3, from a signed address, and through the backend."""

import io
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import SplitResult, urlsplit

from bench.files.site import (
    BOTO3_KEY,
    PART,
    PATIENCE,
    Desk,
    Times,
    in_parts,
    over_lines,
    store,
)
from bench.harness.servers import LOOPBACK
from devstack.environment import BUCKET

BLOCK = 256 * 1024  # what boto3 reads at a time


def download_in_parts(desk: Desk, times: Times, file_id: str) -> None:
    """Fetch the file into memory, several parts at once, by boto3 and from a signed address.

    Memory, because a disk that writes what came a moment ago takes processor time from whoever is
    next. The address is signed for the proxy; asked of the store itself, under the same name, it
    shows what the proxy takes. Raises RuntimeError if what came is not what was sent.
    """
    came = io.BytesIO()
    with times.of("down, boto3"):
        store(desk.stack).download_fileobj(BUCKET, BOTO3_KEY, came, Config=in_parts(desk))
    _compare(desk, came.getbuffer())
    for way, port in (
        ("down, signed address", desk.stack.ports["web"]),
        ("down, signed address, no proxy", desk.stack.ports["s3"]),
    ):
        with times.of(way):
            found = _fetch_parts(desk, file_id, port)
        _compare(desk, found)


def download_in_one(desk: Desk, times: Times, file_id: str) -> None:
    """Read the file as one body, by boto3, from a signed address and through the backend."""
    with times.of("down in one, boto3"):
        body = store(desk.stack).get_object(Bucket=BUCKET, Key=BOTO3_KEY)["Body"]
        while body.read(BLOCK):
            pass
    with times.of("down in one, signed address"), _line(desk) as line:
        url = _signed(desk, file_id)
        _drain(_got(line, f"{url.path}?{url.query}", {"Host": url.netloc}))
    with times.of("down in one, through the backend"), _line(desk) as line:
        headers = {"Host": desk.host, "Authorization": f"Bearer {desk.token}"}
        _drain(_got(line, f"/api/files/{file_id}/content", headers))


def _fetch_parts(desk: Desk, file_id: str, port: int) -> memoryview:
    url = _signed(desk, file_id)
    path, host = f"{url.path}?{url.query}", {"Host": url.netloc}
    whole = memoryview(bytearray(desk.size))

    def fetch(line: HTTPConnection, start: int) -> None:
        span = {"Range": f"bytes={start}-{start + PART - 1}"}
        answer = _got(line, path, host | span, HTTPStatus.PARTIAL_CONTENT)
        part, at = whole[start : start + PART], 0
        while got := answer.readinto(part[at : at + BLOCK]):
            at += got

    over_lines(port, desk.at_once, range(0, desk.size, PART), fetch)
    return whole


def _signed(desk: Desk, file_id: str) -> SplitResult:
    return urlsplit(desk.ask("GET", f"/api/files/{file_id}/download")["url"])


def _line(desk: Desk) -> closing[HTTPConnection]:
    return closing(HTTPConnection(LOOPBACK, desk.stack.ports["web"], timeout=PATIENCE))


def _got(
    line: HTTPConnection, path: str, headers: dict[str, str], expected: HTTPStatus = HTTPStatus.OK
) -> HTTPResponse:
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    if answer.status != expected:
        raise RuntimeError(f"GET {path[:60]}: {answer.status} {answer.read(300)!r}")
    return answer


def _drain(answer: HTTPResponse) -> None:
    while answer.read(BLOCK):
        pass


def _compare(desk: Desk, came: memoryview) -> None:
    if came != desk.file.read_bytes():
        raise RuntimeError("What came is not what was sent.")
