"""A worker: a process of its own, or this one."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

from django.conf import settings

from tenants.fleet.jobs import Job, create_job
from tenants.fleet.members import Member
from tenants.fleet.results import Outcome, Result, error_text


class WorkerDied(RuntimeError):  # noqa: N818 - reads as what it says
    """The process ended without an answer."""


class Worker(Protocol):
    """Something that works on one tenant at a time."""

    def ask(self, member: Member) -> Result:
        """Return what became of the work on ``member``. Raises WorkerDied."""

    def close(self) -> None:
        """End it."""

    def kill(self) -> None:
        """End it in the middle of its work, if that can be done."""


class ProcessWorker:
    """``python -m tenants.fleet.worker``. Ctrl-C at the terminal does not reach it."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tenants.fleet.worker"],
            cwd=settings.BASE_DIR,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._order = json.dumps(order)
        self._send(self._order)

    def ask(self, member: Member) -> Result:
        assert self._process.stdout is not None  # noqa: S101 - Popen was told to make a pipe
        try:
            self._send(json.dumps(member.packed()))
            return Result.unpacked(json.loads(self._process.stdout.readline()))
        except (OSError, ValueError) as exc:
            self._process.kill()
            status = self._process.wait()
            raise WorkerDied(f"The worker process ended with status {status}.") from exc

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - Popen was told to make a pipe
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        # Closes the pipes, which ends it, and waits. It may have left already.
        with contextlib.suppress(OSError), self._process:
            pass

    def kill(self) -> None:
        self._process.kill()


class InProcessWorker:
    """This process, for so few tenants that another one would not pay."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._job: Job = create_job(order)

    def ask(self, member: Member) -> Result:
        return self._job(member)

    def close(self) -> None:
        self._job.close()

    def kill(self) -> None:
        """Not possible; its statements can be cancelled."""


# Several workers, each served by a thread that waits for its answers.


class WorkerPool:
    """Workers that are begun when there is something to do and ended with the block."""

    def __init__(self, size: int, start: Callable[[], Worker]) -> None:
        self.size = size
        self._start = start
        self._tasks: queue.SimpleQueue[Member | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[Member, Result]] = queue.SimpleQueue()
        self._running: set[Worker] = set()
        self._threads: list[threading.Thread] = []

    def give(self, member: Member) -> None:
        """Let the next worker that is free work on ``member``."""
        if len(self._threads) < self.size:
            thread = threading.Thread(target=self._serve, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._tasks.put(member)

    def take(self, seconds: float) -> tuple[Member, Result] | None:
        """Return the next result, or None if none comes within ``seconds``."""
        try:
            return self._results.get(timeout=seconds)
        except queue.Empty:
            return None

    def kill(self) -> None:
        """End the workers in the middle of their work."""
        for worker in list(self._running):
            worker.kill()

    def _serve(self) -> None:
        worker: Worker | None = None
        while (member := self._tasks.get()) is not None:
            try:
                worker = worker or self._begin()
                result = worker.ask(member)
            except WorkerDied as exc:
                self._end(worker)
                worker, result = None, Result(Outcome.LOST, 0.0, error_text(exc))
            except Exception as exc:  # noqa: BLE001 - an answer must come, or the run would hang
                result = Result(Outcome.LOST, 0.0, error_text(exc))
            self._results.put((member, result))
        self._end(worker)

    def _begin(self) -> Worker:
        worker = self._start()
        self._running.add(worker)
        return worker

    def _end(self, worker: Worker | None) -> None:
        if worker is not None:
            self._running.discard(worker)
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
