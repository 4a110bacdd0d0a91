"""One large file, up and down: by boto3, by presigned URLs, and through the backend."""

import io
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psutil

from bench.files.site import (
    BOTO3_KEY,
    MEBIBYTE,
    PART,
    TIMEOUT,
    FileSite,
    Timings,
    boto3_client,
    multipart_config,
    run_parallel,
)
from bench.harness.load import LOOPBACK
from devstack.environment import BUCKET

BLOCK = 256 * 1024  # the size of boto3's reads
BOUNDARY = "aggios-bench-boundary"


def upload_by_boto3(site: FileSite, timings: Timings) -> None:
    """Send the file by boto3, with the same size of parts and the same concurrency."""
    client = boto3_client(site.stack)
    with timings.measure("up, boto3"):
        client.upload_file(str(site.file), BUCKET, BOTO3_KEY, Config=multipart_config(site))


def upload_direct(site: FileSite, timings: Timings) -> str:
    """Send the file in parts to presigned URLs; return the id of the new file."""
    with timings.measure("up, presigned URLs"):
        upload = site.call("POST", "/api/uploads", {"name": "bench.bin", "size": site.size})
        size, urls = upload["part_size"], list(upload["urls"])
        missing = range(len(urls) + 1, upload["part_count"] + 1)
        if missing:
            path = f"/api/uploads/{upload['id']}/parts"
            urls += site.call("POST", path, {"numbers": list(missing)})["urls"]
        starts = range(0, site.size, size)
        run_parallel(
            site.stack.ports["web"],
            site.concurrency,
            zip(urls, starts, strict=True),
            lambda connection, part: _put(connection, part[0], site.file, part[1], size),
        )
    with timings.measure("up, complete"):
        file = site.call("POST", f"/api/uploads/{upload['id']}/complete", {})
    return str(file["id"])


def _put(connection: HTTPConnection, url: str, file: Path, start: int, size: int) -> None:
    parts = urlsplit(url)
    with file.open("rb") as source:
        source.seek(start)
        data = source.read(size)
    connection.request("PUT", f"{parts.path}?{parts.query}", data, {"Host": parts.netloc})
    response = connection.getresponse()
    text = response.read()
    if response.status != HTTPStatus.OK:
        raise RuntimeError(f"PUT of a part: {response.status} {text[:300]!r}")


def upload_through_backend(site: FileSite, timings: Timings) -> int:
    """Send the file as a form to the backend; return the growth of a worker's memory in bytes."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="through.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    workers = psutil.Process(site.stack.pid("gunicorn")).children()
    before = {worker.pid: worker.memory_info().rss for worker in workers}
    with timings.measure("up, through the backend"):
        connection = HTTPConnection(LOOPBACK, site.stack.ports["web"], timeout=TIMEOUT)
        connection.putrequest("POST", "/api/files", skip_host=True, skip_accept_encoding=True)
        for name, value in (
            ("Host", site.host),
            ("Authorization", f"Bearer {site.token}"),
            ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}"),
            ("Content-Length", str(len(head) + site.size + len(tail))),
        ):
            connection.putheader(name, value)
        connection.endheaders(head)
        with site.file.open("rb") as source:
            while chunk := source.read(MEBIBYTE):
                connection.send(chunk)
        connection.send(tail)
        response = connection.getresponse()
        response.read()
        if response.status != 201:
            raise RuntimeError(f"POST /api/files: {response.status}")
    return max(worker.memory_info().rss - before[worker.pid] for worker in workers)


def download_in_parts(site: FileSite, timings: Timings, file_id: str) -> None:
    """Download the file into memory, several parts at once, by boto3 and by a presigned URL.

    It goes to memory, because a disk that still writes takes processor time from the next
    measurement. The URL is signed for the proxy; sent directly to the store with the same Host, it
    shows the cost of the proxy.

    Raises:
        RuntimeError: The content differs from the file.
    """
    content = io.BytesIO()
    with timings.measure("down, boto3"):
        boto3_client(site.stack).download_fileobj(
            BUCKET, BOTO3_KEY, content, Config=multipart_config(site)
        )
    _compare(site, content.getbuffer())
    for method, port in (
        ("down, presigned URL", site.stack.ports["web"]),
        ("down, presigned URL, no proxy", site.stack.ports["s3"]),
    ):
        with timings.measure(method):
            downloaded = _download_parts(site, file_id, port)
        _compare(site, downloaded)


def download_in_one(site: FileSite, timings: Timings, file_id: str) -> None:
    """Download the file as one body, by boto3, by a presigned URL and through the backend."""
    with timings.measure("down in one, boto3"):
        body = boto3_client(site.stack).get_object(Bucket=BUCKET, Key=BOTO3_KEY)["Body"]
        while body.read(BLOCK):
            pass
    with timings.measure("down in one, presigned URL"), _connection(site) as connection:
        url = _presigned(site, file_id)
        _drain(_get(connection, f"{url.path}?{url.query}", {"Host": url.netloc}))
    with timings.measure("down in one, through the backend"), _connection(site) as connection:
        headers = {"Host": site.host, "Authorization": f"Bearer {site.token}"}
        _drain(_get(connection, f"/api/files/{file_id}/content", headers))


def _download_parts(site: FileSite, file_id: str, port: int) -> memoryview:
    url = _presigned(site, file_id)
    path, host = f"{url.path}?{url.query}", {"Host": url.netloc}
    whole = memoryview(bytearray(site.size))

    def download(connection: HTTPConnection, start: int) -> None:
        span = {"Range": f"bytes={start}-{start + PART - 1}"}
        response = _get(connection, path, host | span, HTTPStatus.PARTIAL_CONTENT)
        part, at = whole[start : start + PART], 0
        while got := response.readinto(part[at : at + BLOCK]):
            at += got

    run_parallel(port, site.concurrency, range(0, site.size, PART), download)
    return whole


def _presigned(site: FileSite, file_id: str) -> SplitResult:
    return urlsplit(site.call("GET", f"/api/files/{file_id}/download")["url"])


def _connection(site: FileSite) -> closing[HTTPConnection]:
    return closing(HTTPConnection(LOOPBACK, site.stack.ports["web"], timeout=TIMEOUT))


def _get(
    connection: HTTPConnection,
    path: str,
    headers: dict[str, str],
    expected: HTTPStatus = HTTPStatus.OK,
) -> HTTPResponse:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    if response.status != expected:
        raise RuntimeError(f"GET {path[:60]}: {response.status} {response.read(300)!r}")
    return response


def _drain(response: HTTPResponse) -> None:
    while response.read(BLOCK):
        pass


def _compare(site: FileSite, content: memoryview) -> None:
    if content != site.file.read_bytes():
        raise RuntimeError("The downloaded content differs from the file.")
