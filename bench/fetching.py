"""One large file down: by boto3, from a signed address, and through the backend."""

import io
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import SplitResult, urlsplit

from bench.servers import LOOPBACK
from bench.transfers import (
    BOTO3_KEY,
    PART,
    TIMEOUT,
    Times,
    TransferSetup,
    in_parts,
    over_lines,
    store,
)
from devstack.environment import BUCKET

BLOCK = 256 * 1024  # what boto3 reads at a time


def download_in_parts(setup: TransferSetup, times: Times, file_id: str) -> None:
    """Fetch the file into memory, several parts at once, by boto3 and from a signed address.

    Memory, because a disk that still writes takes processor time from the next measurement. The URL
    is signed for the proxy; a request with it to the store itself shows the cost of the proxy.
    Raises: RuntimeError, if the received bytes differ from the sent ones.
    """
    came = io.BytesIO()
    with times.of("down, boto3"):
        store(setup.stack).download_fileobj(BUCKET, BOTO3_KEY, came, Config=in_parts(setup))
    _compare(setup, came.getbuffer())
    for way, port in (
        ("down, signed address", setup.stack.ports["web"]),
        ("down, signed address, no proxy", setup.stack.ports["s3"]),
    ):
        with times.of(way):
            found = _fetch_parts(setup, file_id, port)
        _compare(setup, found)


def download_in_one(setup: TransferSetup, times: Times, file_id: str) -> None:
    """Read the file as one body, by boto3, from a signed address and through the backend."""
    with times.of("down in one, boto3"):
        body = store(setup.stack).get_object(Bucket=BUCKET, Key=BOTO3_KEY)["Body"]
        while body.read(BLOCK):
            pass
    with times.of("down in one, signed address"), _line(setup) as line:
        url = _signed(setup, file_id)
        _drain(_got(line, f"{url.path}?{url.query}", {"Host": url.netloc}))
    with times.of("down in one, through the backend"), _line(setup) as line:
        headers = {"Host": setup.host, "Authorization": f"Bearer {setup.token}"}
        _drain(_got(line, f"/api/files/{file_id}/content", headers))


def _fetch_parts(setup: TransferSetup, file_id: str, port: int) -> memoryview:
    url = _signed(setup, file_id)
    path, host = f"{url.path}?{url.query}", {"Host": url.netloc}
    whole = memoryview(bytearray(setup.size))

    def fetch(line: HTTPConnection, start: int) -> None:
        span = {"Range": f"bytes={start}-{start + PART - 1}"}
        answer = _got(line, path, host | span, HTTPStatus.PARTIAL_CONTENT)
        part, at = whole[start : start + PART], 0
        while got := answer.readinto(part[at : at + BLOCK]):
            at += got

    over_lines(port, setup.at_once, range(0, setup.size, PART), fetch)
    return whole


def _signed(setup: TransferSetup, file_id: str) -> SplitResult:
    return urlsplit(setup.ask("GET", f"/api/files/{file_id}/download")["url"])


def _line(setup: TransferSetup) -> closing[HTTPConnection]:
    return closing(HTTPConnection(LOOPBACK, setup.stack.ports["web"], timeout=TIMEOUT))


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


def _compare(setup: TransferSetup, came: memoryview) -> None:
    if came != setup.file.read_bytes():
        raise RuntimeError("What came is not what was sent.")
