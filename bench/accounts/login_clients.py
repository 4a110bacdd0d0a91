"""Clients that log in as fast as they are let, beside clients that go about their business."""

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.harness.servers import LOOPBACK

JSON = {"Content-Type": "application/json"}


@dataclass
class Seen:
    """What clients of one kind saw: seconds of each 200, and how often which other status."""

    latencies: list[float] = field(default_factory=list)
    others: dict[int, int] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)
    ended: float = 0.0

    @property
    def rate(self) -> float:
        """Answers with 200 a second."""
        return len(self.latencies) / (self.ended - self.began)


Act = Callable[[http.client.HTTPConnection, Seen], None]


@dataclass(frozen=True)
class Target:
    """A site and its people, all with one password; the first has the token."""

    port: int
    host: str
    emails: list[str]
    password: str
    token: str


@contextlib.contextmanager
def clients(count: int, act: Act, port: int) -> Iterator[Seen]:
    """Let so many clients act again and again on connections of their own, during the block."""
    seen, stop = Seen(), threading.Event()

    def work() -> None:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
        while not stop.is_set():
            act(connection, seen)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.ended = time.perf_counter()
        stop.set()
        for thread in threads:
            thread.join()


def logging_in(target: Target) -> Act:
    """Log in; when told to come again later, do that."""
    turns = itertools.cycle(target.emails)
    headers = {"Host": target.host, **JSON}

    def act(connection: http.client.HTTPConnection, seen: Seen) -> None:
        body = json.dumps({"email": next(turns), "password": target.password})
        answer = _ask(connection, seen, "POST", "/api/auth/login", body, headers)
        if answer.status != 200:
            time.sleep(float(answer.headers.get("Retry-After", "1")))

    return act


def reading(target: Target, pause: float) -> Act:
    """Ask who one is, and wait for ``pause`` seconds."""
    headers = {"Host": target.host, "Authorization": f"Bearer {target.token}"}

    def act(connection: http.client.HTTPConnection, seen: Seen) -> None:
        _ask(connection, seen, "GET", "/api/users/me", None, headers)
        time.sleep(pause)

    return act


def _ask(
    connection: http.client.HTTPConnection,
    seen: Seen,
    method: str,
    path: str,
    body: str | None,
    headers: dict[str, str],
) -> http.client.HTTPResponse:
    started = time.perf_counter()
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    ended = time.perf_counter()
    if answer.status != 200:
        seen.others[answer.status] = seen.others.get(answer.status, 0) + 1
    elif not seen.ended:
        seen.latencies.append(ended - started)
    return answer
