"""The clients whose requests are attacked, and the checks of their responses."""

import contextlib
import http.client
import itertools
import json
import random
import re
import threading
from collections import Counter
from dataclasses import dataclass, field

from bench.attack.cases import CUT_OFF, EVERY_KIND, STREAMING, labels_of
from bench.harness.load import LOOPBACK

OWNER = re.compile(rb"canary:([a-z0-9]+):")
TIMEOUT = 60


@dataclass
class Tally:
    """Counts of the requests of one run, by kind and by result."""

    kinds: Counter[str] = field(default_factory=Counter)
    complete: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    interrupted: int = 0
    incomplete: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """The number of requests."""
        return self.kinds.total()


class Clients:
    """Threads, each with a connection, that request rows of random tenants."""

    def __init__(self, port: int, domain: str, tenants: list[str], *, stop_at: int) -> None:
        """``stop_at`` responses with foreign rows end the run; with 0 they do not."""
        self._port, self._domain, self._tenants = port, domain, tenants
        self._stop_at = stop_at
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self.tally = Tally()

    def run(self, requests: int, clients: int) -> Tally:
        """Send so many requests and return the counts."""
        threads = [threading.Thread(target=self._work, args=(requests,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.tally

    def _work(self, requests: int) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=TIMEOUT)
        while next(self._numbers) < requests and not self._is_over():
            self._request(connection, random.choice(self._tenants), random.choice(EVERY_KIND))
        connection.close()

    def _is_over(self) -> bool:
        return 0 < self._stop_at <= len(self.tally.foreign)

    def _request(self, connection: http.client.HTTPConnection, owner: str, kind: str) -> None:
        status, body = 0, b""
        try:
            connection.request(
                "GET", f"/attack/{kind}", headers={"Host": f"{owner}.{self._domain}"}
            )
            response = connection.getresponse()
            status = response.status
            body = response.read1(40) if kind == CUT_OFF else response.read()
        except http.client.IncompleteRead as exc:
            status, body = 0, exc.partial
        except (OSError, http.client.HTTPException):
            status = 0
        if status == 0 or kind == CUT_OFF:
            connection.close()
        self._check(owner, kind, status, body)

    def _check(self, owner: str, kind: str, status: int, body: bytes) -> None:
        others = {name.decode() for name in OWNER.findall(body)} - {owner}
        with self._lock:
            self.tally.kinds[kind] += 1
            if others:
                text = f"{kind} of {owner} got rows of {', '.join(sorted(others))}"
                self.tally.foreign.append(text)
            elif status == 0:
                self.tally.interrupted += 1
            elif status != http.client.OK:
                self.tally.failed += 1
            elif not _is_complete(owner, kind, body):
                self.tally.incomplete.append(f"{kind} of {owner}: {body[:200]!r}")
            else:
                self.tally.complete[kind] += 1


def _is_complete(owner: str, kind: str, body: bytes) -> bool:
    """Return whether a response with status 200 has every row of its tenant, for each read."""
    if kind == CUT_OFF:
        return True
    if kind == STREAMING:
        return body.decode().split() == labels_of(owner) * 2
    with contextlib.suppress(ValueError):
        return bool(json.loads(body)["labels"] == labels_of(owner))
    return False
