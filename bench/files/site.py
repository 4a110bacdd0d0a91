"""What sends and fetches one large file: its stack, the file, boto3, and the times taken."""

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

from bench.harness.servers import LOOPBACK, NEVER_REACHED, run
from bench.harness.sides import a_person, sign_up
from devstack.environment import BASE_DOMAIN, inherited_environment
from devstack.services.registry import STORES, WEB
from devstack.testing import TestStack, temporary_stack

CHUNK = 1024 * 1024
PART = 8 * CHUNK  # what boto3 takes by itself
BOTO3_KEY = "bench/file"
PATIENCE = 600
Job = TypeVar("Job")


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
        line = HTTPConnection(LOOPBACK, self.stack.ports["web"], timeout=PATIENCE)
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
        run(
            [sys.executable, "-m", "devstack.command_runner", *steps],
            {**inherited_environment(), **stack.env},
        )
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


def over_lines(
    port: int, at_once: int, jobs: Iterable[Job], do: Callable[[HTTPConnection, Job], None]
) -> None:
    """Do every job over one of so many connections that stay open. Raises what ``do`` raises."""
    waiting: SimpleQueue[Job] = SimpleQueue()
    for job in jobs:
        waiting.put(job)

    def work() -> None:
        with closing(HTTPConnection(LOOPBACK, port, timeout=PATIENCE)) as line, suppress(Empty):
            while True:
                do(line, waiting.get_nowait())

    with ThreadPoolExecutor(at_once) as pool:
        for working in [pool.submit(work) for _ in range(at_once)]:
            working.result()


def in_parts(desk: Desk) -> TransferConfig:
    """Return how boto3 sends and fetches a file: in parts, some of them at once."""
    return TransferConfig(
        multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=desk.at_once
    )


@contextmanager
def a_file(megabytes: int) -> Iterator[Path]:
    """Give a file of so many MiB of random bytes, for a block."""
    with tempfile.TemporaryDirectory(prefix="aggios-bench-") as folder:
        path = Path(folder) / "file.bin"
        with Path("/dev/urandom").open("rb") as source, path.open("wb") as target:
            for _ in range(megabytes):
                target.write(source.read(CHUNK))
        yield path
