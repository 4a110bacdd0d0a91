"""What the transfers share: a stack with a tenant, the file, boto3, and timings."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import boto3
from boto3.s3.transfer import TransferConfig

from bench.harness.api_client import registration, sign_up
from bench.harness.load import LOOPBACK
from bench.harness.servers import NEVER_REACHED, run
from devstack.environment import BASE_DOMAIN, inherited_environment
from devstack.services.registry import STORES, WEB
from devstack.testing import TestStack, temporary_stack

MEBIBYTE = 1024 * 1024
PART = 8 * MEBIBYTE  # boto3's default
BOTO3_KEY = "bench/file"
TIMEOUT = 600
Job = TypeVar("Job")


@dataclass(frozen=True)
class FileSite:
    """A running stack, a tenant's host, its owner's token, and the file to transfer."""

    stack: TestStack
    host: str
    token: str
    file: Path
    concurrency: int

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.file.stat().st_size

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call the API through the proxy and return the JSON of the response.

        Raises:
            RuntimeError: The status is 300 or above.
        """
        headers = {"Host": self.host, "Authorization": f"Bearer {self.token}"}
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        connection = HTTPConnection(LOOPBACK, self.stack.ports["web"], timeout=TIMEOUT)
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]!r}")
        document: dict[str, Any] = json.loads(text)
        return document


@contextmanager
def file_site(file: Path, concurrency: int) -> Iterator[FileSite]:
    """Run a complete stack with a tenant during the block."""
    with temporary_stack(STORES, overrides=NEVER_REACHED) as stack:
        steps = ("bootstrap_database", "migrate_schemas", "setup_storage", "collectstatic")
        run(
            [sys.executable, "-m", "devstack.command_runner", *steps],
            {**inherited_environment(), **stack.env},
        )
        stack.start_ready(*WEB)
        owner = registration()
        token = sign_up(stack.ports["gunicorn"], owner)
        host = f"{owner['subdomain']}.{BASE_DOMAIN}:{stack.ports['web']}"
        yield FileSite(stack, host, token, file, concurrency)


@dataclass
class Timings:
    """Seconds of each method, for each repetition."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def measure(self, method: str) -> Iterator[None]:
        """Measure the time of a block."""
        started = time.perf_counter()
        yield
        self.seconds.setdefault(method, []).append(time.perf_counter() - started)


def boto3_client(stack: TestStack) -> Any:
    """Return boto3's client, which calls the store without the proxy."""
    return boto3.client(
        "s3",
        endpoint_url=stack.env["S3_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=stack.env["S3_ACCESS_KEY_ID"],
        aws_secret_access_key=stack.env["S3_SECRET_ACCESS_KEY"],
    )


def run_parallel(
    port: int, concurrency: int, jobs: Iterable[Job], do: Callable[[HTTPConnection, Job], None]
) -> None:
    """Run every job on one of so many keep-alive connections; raise what ``do`` raises."""
    queue: SimpleQueue[Job] = SimpleQueue()
    for job in jobs:
        queue.put(job)

    def work() -> None:
        with (
            closing(HTTPConnection(LOOPBACK, port, timeout=TIMEOUT)) as connection,
            suppress(Empty),
        ):
            while True:
                do(connection, queue.get_nowait())

    with ThreadPoolExecutor(concurrency) as pool:
        for future in [pool.submit(work) for _ in range(concurrency)]:
            future.result()


def multipart_config(site: FileSite) -> TransferConfig:
    """Return boto3's settings for transfers in parts, some of them at once."""
    return TransferConfig(
        multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=site.concurrency
    )


@contextmanager
def random_file(megabytes: int) -> Iterator[Path]:
    """Yield a file of so many MiB of random bytes, which exists during the block."""
    with tempfile.TemporaryDirectory(prefix="aggios-bench-") as folder:
        path = Path(folder) / "file.bin"
        with Path("/dev/urandom").open("rb") as source, path.open("wb") as target:
            for _ in range(megabytes):
                target.write(source.read(MEBIBYTE))
        yield path
