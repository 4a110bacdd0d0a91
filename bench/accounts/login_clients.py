"""Clients that log in as fast as possible, and clients that read at a steady rate."""

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.harness.api_client import JSON, TIMEOUT, TenantUsers
from bench.harness.load import LOOPBACK


@dataclass
class Responses:
    """Responses to clients of one kind: the seconds of each 200, and counts of other statuses."""

    latencies: list[float] = field(default_factory=list)
    others: dict[int, int] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    ended: float = 0.0

    @property
    def rate(self) -> float:
        """Responses with 200 per second."""
        return len(self.latencies) / (self.ended - self.started)


Action = Callable[[http.client.HTTPConnection, Responses], None]


@contextlib.contextmanager
def clients(count: int, action: Action, port: int) -> Iterator[Responses]:
    """Repeat the action in so many threads, each with its connection, during the block."""
    responses, stop = Responses(), threading.Event()

    def work() -> None:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT)
        while not stop.is_set():
            action(connection, responses)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield responses
    finally:
        responses.ended = time.perf_counter()
        stop.set()
        for thread in threads:
            thread.join()


def logging_in(tenant: TenantUsers) -> Action:
    """Return an action that logs in as the next user, and waits for ``Retry-After`` if refused."""
    emails = itertools.cycle(tenant.emails)
    headers = {"Host": tenant.host, **JSON}

    def action(connection: http.client.HTTPConnection, responses: Responses) -> None:
        body = json.dumps({"email": next(emails), "password": tenant.password})
        response = _request(connection, responses, "POST", "/api/auth/login", body, headers)
        if response.status != 200:
            time.sleep(float(response.headers.get("Retry-After", "1")))

    return action


def reading(tenant: TenantUsers, pause: float) -> Action:
    """Return an action that reads the current user and then waits for ``pause`` seconds."""
    headers = {"Host": tenant.host, "Authorization": f"Bearer {tenant.token}"}

    def action(connection: http.client.HTTPConnection, responses: Responses) -> None:
        _request(connection, responses, "GET", "/api/users/me", None, headers)
        time.sleep(pause)

    return action


def _request(
    connection: http.client.HTTPConnection,
    responses: Responses,
    method: str,
    path: str,
    body: str | None,
    headers: dict[str, str],
) -> http.client.HTTPResponse:
    started = time.perf_counter()
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    response.read()
    ended = time.perf_counter()
    if response.status != 200:
        responses.others[response.status] = responses.others.get(response.status, 0) + 1
    elif not responses.ended:
        responses.latencies.append(ended - started)
    return response
