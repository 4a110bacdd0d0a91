"""One large file up: by boto3, to signed addresses, and as a form through the backend."""

from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from bench.files.site import BOTO3_KEY, CHUNK, PATIENCE, Desk, Times, in_parts, over_lines, store
from bench.harness.servers import LOOPBACK
from devstack.environment import BUCKET

MARK = "aggios-bench-boundary"


def upload_by_boto3(desk: Desk, times: Times) -> None:
    """Send the file as boto3 does, in parts of the same size, as many at once."""
    client = store(desk.stack)
    with times.of("up, boto3"):
        client.upload_file(str(desk.file), BUCKET, BOTO3_KEY, Config=in_parts(desk))


def upload_direct(desk: Desk, times: Times) -> str:
    """Send the file part by part to signed addresses; return the id of what it became."""
    with times.of("up, signed addresses"):
        begun = desk.ask("POST", "/api/uploads", {"name": "bench.bin", "size": desk.size})
        size, urls = begun["part_size"], list(begun["urls"])
        missing = range(len(urls) + 1, begun["part_count"] + 1)
        if missing:
            where = f"/api/uploads/{begun['id']}/parts"
            urls += desk.ask("POST", where, {"numbers": list(missing)})["urls"]
        starts = range(0, desk.size, size)
        over_lines(
            desk.stack.ports["web"],
            desk.at_once,
            zip(urls, starts, strict=True),
            lambda line, part: _put(line, part[0], desk.file, part[1], size),
        )
    with times.of("up, complete"):
        done = desk.ask("POST", f"/api/uploads/{begun['id']}/complete", {})
    return str(done["id"])


def _put(line: HTTPConnection, url: str, file: Path, start: int, size: int) -> None:
    parts = urlsplit(url)
    with file.open("rb") as source:
        source.seek(start)
        data = source.read(size)
    line.request("PUT", f"{parts.path}?{parts.query}", data, {"Host": parts.netloc})
    answer = line.getresponse()
    text = answer.read()
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"PUT of a part: {answer.status} {text[:300]!r}")


def upload_through(desk: Desk, times: Times) -> int:
    """Send the file as a form through the backend; return by how much a worker's memory grew."""
    head = (
        f'--{MARK}\r\nContent-Disposition: form-data; name="file"; filename="through.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    tail = f"\r\n--{MARK}--\r\n".encode()
    workers = psutil.Process(desk.stack.pid("gunicorn")).children()
    before = {worker.pid: worker.memory_info().rss for worker in workers}
    with times.of("up, through the backend"):
        line = HTTPConnection(LOOPBACK, desk.stack.ports["web"], timeout=PATIENCE)
        line.putrequest("POST", "/api/files", skip_host=True, skip_accept_encoding=True)
        for name, value in (
            ("Host", desk.host),
            ("Authorization", f"Bearer {desk.token}"),
            ("Content-Type", f"multipart/form-data; boundary={MARK}"),
            ("Content-Length", str(len(head) + desk.size + len(tail))),
        ):
            line.putheader(name, value)
        line.endheaders(head)
        with desk.file.open("rb") as source:
            while chunk := source.read(CHUNK):
                line.send(chunk)
        line.send(tail)
        answer = line.getresponse()
        answer.read()
        if answer.status != 201:
            raise RuntimeError(f"POST /api/files: {answer.status}")
    return max(worker.memory_info().rss - before[worker.pid] for worker in workers)
