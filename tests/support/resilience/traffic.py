"""Steady traffic of one person, with a ledger of what was acknowledged."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.support.http_client import Host

PAUSE = 0.02


@dataclass
class TrafficLog:
    """What the site answered while something died."""

    answers: list[httpx.Response] = field(default_factory=list)
    cut_off: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def failures(self) -> list[httpx.Response]:
        """Every answer that was not a success."""
        return [answer for answer in self.answers if not answer.is_success]


@contextmanager
def background_traffic(at: Host) -> Iterator[TrafficLog]:
    """Read, write and upload in three threads while the block runs."""
    ledger, stop = TrafficLog(), threading.Event()
    loops = (_read, _rename, _upload)
    threads = [threading.Thread(target=_loop, args=(loop, at, ledger, stop)) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield ledger
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _loop(step, at: Host, ledger: TrafficLog, stop: threading.Event) -> None:
    turn = 0
    while not stop.is_set():
        turn += 1
        try:
            step(at, ledger, turn)
        except httpx.HTTPError as exc:
            ledger.cut_off.append(f"{step.__name__}: {exc!r}")
        time.sleep(PAUSE)


def _read(at: Host, ledger: TrafficLog, turn: int) -> None:
    ledger.answers.append(at.get("/api/users/me"))


def _rename(at: Host, ledger: TrafficLog, turn: int) -> None:
    name = f"turn {turn}"
    answer = at.patch("/api/users/me", {"first_name": name})
    ledger.answers.append(answer)
    if answer.is_success:
        ledger.names.append(name)


def _upload(at: Host, ledger: TrafficLog, turn: int) -> None:
    content = f"content of turn {turn}".encode() * 50
    answer = at.post("/api/files", files={"file": (f"turn-{turn}.txt", content)})
    ledger.answers.append(answer)
    if answer.is_success:
        ledger.files[answer.json()["id"]] = hashlib.sha256(content).hexdigest()
