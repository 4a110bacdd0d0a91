"""Clients that rotate their own session's tokens, one after the other, as fast as answers come."""

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from bench.harness.load import BadAnswerError, Load
from bench.harness.servers import LOOPBACK

PATIENCE = 60


@dataclass
class Client:
    """One session's holder."""

    port: int
    host: str
    refresh_token: str

    def rotate_for(self, seconds: float) -> list[float]:
        """Rotate again and again; return the seconds that each rotation took."""
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE)) as line:
            return list(self._rotations(line, time.perf_counter() + seconds))

    def _rotations(self, line: http.client.HTTPConnection, end: float) -> Iterator[float]:
        while (started := time.perf_counter()) < end:
            body = {"refresh_token": self.refresh_token}
            answer = post(line, self.host, "/api/auth/refresh", body)
            self.refresh_token = str(answer["refresh_token"])
            yield time.perf_counter() - started


def post(
    line: http.client.HTTPConnection, host: str, path: str, body: dict[str, str]
) -> dict[str, object]:
    """Post JSON and return the answer. Raises BadAnswerError for anything but success."""
    headers = {"Host": host, "Content-Type": "application/json"}
    line.request("POST", path, json.dumps(body), headers)
    answer = line.getresponse()
    text = answer.read()
    if answer.status not in {200, 201}:
        raise BadAnswerError(f"{answer.status} {text[:600]!r}")
    return dict(json.loads(text))


def log_in_all(port: int, host: str, person: dict[str, str], count: int) -> list[Client]:
    """Open so many sessions of one person."""
    body = {name: person[name] for name in ("email", "password")}
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)) as line:
        answers = [post(line, host, "/api/auth/login", body) for _ in range(count)]
    return [Client(port, host, str(answer["refresh_token"])) for answer in answers]


def rotate_all(clients: list[Client], seconds: float) -> Load:
    """Let all clients rotate at the same time."""
    started = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        taken = list(pool.map(lambda client: client.rotate_for(seconds), clients))
    load = Load(seconds=time.perf_counter() - started)
    load.latencies = [one for latencies in taken for one in latencies]
    return load
