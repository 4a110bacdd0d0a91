"""One large file up and down: boto3 straight to the store, signed addresses, and the backend."""

import http.client
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psutil
from boto3.s3.transfer import TransferConfig

from bench.servers import LOOPBACK, NEVER_REACHED, run
from bench.sides import a_person, sign_up
from devstack.environment import BASE_DOMAIN, BUCKET, inherited
from devstack.services.registry import STORES, WEB
from devstack.testing import TestStack, temporary_stack

CHUNK = 1024 * 1024
MARK = "aggios-bench-boundary"


@dataclass(frozen=True)
class Desk:
    """Where everything goes: the stack, a person's host and token, the file to send."""

    stack: TestStack
    host: str
    token: str
    file: Path
    at_once: int

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.file.stat().st_size

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask the API through the proxy and return the JSON of the answer."""
        headers = {"Host": self.host, "Authorization": f"Bearer {self.token}"}
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        line = http.client.HTTPConnection(LOOPBACK, self.stack.ports["web"], timeout=600)
        line.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = line.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        found: dict[str, Any] = json.loads(text)
        return found


@contextmanager
def a_desk(file: Path, at_once: int) -> Iterator[Desk]:
    """Give a whole site of its own, with a workspace, for a block."""
    with temporary_stack(STORES, overrides=NEVER_REACHED) as stack:
        steps = ("bootstrap_database", "migrate_schemas", "setup_storage", "collectstatic")
        run([sys.executable, "-m", "devstack.steps", *steps], {**inherited(), **stack.env})
        stack.start_ready(*WEB)
        person = a_person()
        token = sign_up(stack.ports["gunicorn"], person)
        host = f"{person['subdomain']}.{BASE_DOMAIN}:{stack.ports['web']}"
        yield Desk(stack, host, token, file, at_once)


@dataclass
class Times:
    """Seconds of each way, round by round."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def of(self, way: str) -> Iterator[None]:
        """Take the time of a block."""
        started = time.perf_counter()
        yield
        self.seconds.setdefault(way, []).append(time.perf_counter() - started)


def store(stack: TestStack) -> Any:
    """Return boto3's client for the store's own address."""
    return boto3.client(
        "s3",
        endpoint_url=stack.env["S3_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=stack.env["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=stack.env["S3_SECRET_ACCESS_KEY"],
    )


def upload_by_boto3(desk: Desk, times: Times, part_size: int) -> None:
    """Send the file as boto3 does, in parts of the same size, as many at once."""
    how = TransferConfig(
        multipart_threshold=part_size,
        multipart_chunksize=part_size,
        max_concurrency=desk.at_once,
    )
    client = store(desk.stack)
    with times.of("up, boto3"):
        client.upload_file(str(desk.file), BUCKET, "bench/file", Config=how)


def upload_direct(desk: Desk, times: Times) -> str:
    """Send the file part by part to signed addresses; return the id of what it became."""
    with times.of("up, signed addresses"):
        begun = desk.ask("POST", "/api/uploads", {"name": "bench.bin", "size": desk.size})
        size, urls = begun["part_size"], list(begun["urls"])
        missing = range(len(urls) + 1, begun["part_count"] + 1)
        if missing:
            where = f"/api/uploads/{begun['id']}/parts"
            urls += desk.ask("POST", where, {"numbers": list(missing)})["urls"]
        with ThreadPoolExecutor(desk.at_once) as pool:
            parts = ((url, desk.file, at * size, size) for at, url in enumerate(urls))
            list(pool.map(lambda part: _put(*part), parts))
    with times.of("up, complete"):
        done = desk.ask("POST", f"/api/uploads/{begun['id']}/complete", {})
    return str(done["id"])


def _put(url: str, file: Path, start: int, size: int) -> None:
    parts = urlsplit(url)
    with file.open("rb") as source:
        source.seek(start)
        data = source.read(size)
    line = http.client.HTTPConnection(LOOPBACK, parts.port or 80, timeout=600)
    line.request("PUT", f"{parts.path}?{parts.query}", data, {"Host": parts.netloc})
    answer = line.getresponse()
    text = answer.read()
    line.close()
    if answer.status != 200:
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
        line = http.client.HTTPConnection(LOOPBACK, desk.stack.ports["web"], timeout=600)
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


def download_all_ways(desk: Desk, times: Times, file_id: str) -> None:
    """Read the file by boto3, from a signed address and through the backend."""
    client = store(desk.stack)
    with times.of("down, boto3"):
        body = client.get_object(Bucket=BUCKET, Key="bench/file")["Body"]
        _drain(body.read)
    with times.of("down, signed address"):
        url = urlsplit(desk.ask("GET", f"/api/files/{file_id}/download")["url"])
        _get(url.port or 80, f"{url.path}?{url.query}", {"Host": url.netloc})
    with times.of("down, through the backend"):
        headers = {"Host": desk.host, "Authorization": f"Bearer {desk.token}"}
        _get(desk.stack.ports["web"], f"/api/files/{file_id}/content", headers)


def _get(port: int, path: str, headers: dict[str, str]) -> None:
    line = http.client.HTTPConnection(LOOPBACK, port, timeout=600)
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"GET {path[:60]}: {answer.status} {answer.read(300)!r}")
    _drain(answer.read)
    line.close()


def _drain(read: Callable[[int], bytes]) -> None:
    while read(CHUNK):
        pass


@contextmanager
def a_file(megabytes: int) -> Iterator[Path]:
    """Give a file of so many MiB of random bytes, for a block."""
    with tempfile.TemporaryDirectory(prefix="aggios-bench-") as folder:
        path = Path(folder) / "file.bin"
        with Path("/dev/urandom").open("rb") as source, path.open("wb") as target:
            for _ in range(megabytes):
                target.write(source.read(CHUNK))
        yield path
