"""Steady traffic of one user, with a log of what was acknowledged."""

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
    """The responses of the site while a process is killed."""

    responses: list[httpx.Response] = field(default_factory=list)
    cut_off: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def failures(self) -> list[httpx.Response]:
        """Every response that is not a success."""
        return [response for response in self.responses if not response.is_success]


@contextmanager
def background_traffic(at: Host) -> Iterator[TrafficLog]:
    """Read, write and upload in three threads while the block runs."""
    log, stop = TrafficLog(), threading.Event()
    loops = (_read, _rename, _upload)
    threads = [threading.Thread(target=_loop, args=(loop, at, log, stop)) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield log
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _loop(step, at: Host, log: TrafficLog, stop: threading.Event) -> None:
    turn = 0
    while not stop.is_set():
        turn += 1
        try:
            step(at, log, turn)
        except httpx.HTTPError as exc:
            log.cut_off.append(f"{step.__name__}: {exc!r}")
        time.sleep(PAUSE)


def _read(at: Host, log: TrafficLog, turn: int) -> None:
    log.responses.append(at.get("/api/users/me"))


def _rename(at: Host, log: TrafficLog, turn: int) -> None:
    name = f"turn {turn}"
    response = at.patch("/api/users/me", {"first_name": name})
    log.responses.append(response)
    if response.is_success:
        log.names.append(name)


def _upload(at: Host, log: TrafficLog, turn: int) -> None:
    content = f"content of turn {turn}".encode() * 50
    response = at.post("/api/files", files={"file": (f"turn-{turn}.txt", content)})
    log.responses.append(response)
    if response.is_success:
        log.files[response.json()["id"]] = hashlib.sha256(content).hexdigest()
