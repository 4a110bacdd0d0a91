"""The people whose requests are attacked, and what they hold an answer to."""

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
from bench.harness.servers import LOOPBACK

OWNER = re.compile(rb"canary:([a-z0-9]+):")
SECONDS = 60


@dataclass
class Tally:
    """What came of the requests of one run."""

    kinds: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    broken_off: int = 0
    incomplete: list[str] = field(default_factory=list)
    crossings: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return self.kinds.total()


class Clients:
    """Threads with a connection each, that ask for one tenant's rows after another's."""

    def __init__(self, port: int, domain: str, tenants: list[str], *, stop_at: int) -> None:
        """``stop_at`` crossings end the run; 0 never does."""
        self._port, self._domain, self._tenants = port, domain, tenants
        self._stop_at = stop_at
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self.tally = Tally()

    def run(self, requests: int, clients: int) -> Tally:
        """Make so many requests and return what came of them."""
        threads = [threading.Thread(target=self._work, args=(requests,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.tally

    def _work(self, requests: int) -> None:
        line = http.client.HTTPConnection(LOOPBACK, self._port, timeout=SECONDS)
        while next(self._numbers) < requests and not self._enough():
            self._ask(line, random.choice(self._tenants), random.choice(EVERY_KIND))
        line.close()

    def _enough(self) -> bool:
        return 0 < self._stop_at <= len(self.tally.crossings)

    def _ask(self, line: http.client.HTTPConnection, owner: str, kind: str) -> None:
        status, body = 0, b""
        try:
            line.request("GET", f"/attack/{kind}", headers={"Host": f"{owner}.{self._domain}"})
            answer = line.getresponse()
            status = answer.status
            body = answer.read1(40) if kind == CUT_OFF else answer.read()
        except http.client.IncompleteRead as exc:
            status, body = 0, exc.partial
        except (OSError, http.client.HTTPException):
            status = 0
        if status == 0 or kind == CUT_OFF:
            line.close()
        self._judge(owner, kind, status, body)

    def _judge(self, owner: str, kind: str, status: int, body: bytes) -> None:
        foreign = {name.decode() for name in OWNER.findall(body)} - {owner}
        with self._lock:
            self.tally.kinds[kind] += 1
            if foreign:
                text = f"{kind} of {owner} got rows of {', '.join(sorted(foreign))}"
                self.tally.crossings.append(text)
            elif status == 0:
                self.tally.broken_off += 1
            elif status != http.client.OK:
                self.tally.failed += 1
            elif not _complete(owner, kind, body):
                self.tally.incomplete.append(f"{kind} of {owner}: {body[:200]!r}")
            else:
                self.tally.good[kind] += 1


def _complete(owner: str, kind: str, body: bytes) -> bool:
    """Tell whether a good answer has every row of its tenant, in each reading that it made."""
    if kind == CUT_OFF:
        return True
    if kind == STREAMING:
        return body.decode().split() == labels_of(owner) * 2
    with contextlib.suppress(ValueError):
        return bool(json.loads(body)["labels"] == labels_of(owner))
    return False
