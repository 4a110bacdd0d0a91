"""Workers of a run (child processes, or the current process) and their pool."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol, Self

from django.conf import settings

from tenants.fleet.jobs import Job, create_job
from tenants.fleet.members import Member
from tenants.fleet.results import Outcome, Result, error_text

MAX_WORKERS = 8
# A process takes a second to start, in which a running one migrates about this many tenants.
TENANTS_PER_WORKER = 50


class WorkerDied(RuntimeError):  # noqa: N818 - as Django's DoesNotExist
    """The process ended without a result."""


class Worker(Protocol):
    """A worker that processes one tenant at a time."""

    def process(self, member: Member) -> Result:
        """Process ``member`` and return the result.

        Raises: WorkerDied.
        """

    def close(self) -> None:
        """Stop the worker."""

    def kill(self) -> None:
        """Kill the worker during its work, if possible."""


class ProcessWorker:
    """A child process (``python -m tenants.fleet.worker``). Ctrl-C does not reach it."""

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
        self._send(json.dumps(order))

    def process(self, member: Member) -> Result:
        assert self._process.stdout is not None  # noqa: S101 - Popen was told to make a pipe
        try:
            self._send(json.dumps(member.to_json()))
            return Result.from_json(json.loads(self._process.stdout.readline()))
        except (OSError, ValueError) as exc:
            self._process.kill()
            status = self._process.wait()
            raise WorkerDied(f"The worker process ended with status {status}.") from exc

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - Popen was told to make a pipe
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        # Closes the pipes, which stops the process, and waits for it. It may have exited already.
        with contextlib.suppress(OSError), self._process:
            pass

    def kill(self) -> None:
        self._process.kill()


class InProcessWorker:
    """The current process, for runs over few tenants."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._job: Job = create_job(order)

    def process(self, member: Member) -> Result:
        return self._job(member)

    def close(self) -> None:
        self._job.close()

    def kill(self) -> None:
        """Not possible; its statements can be cancelled instead."""


class WorkerPool:
    """A pool of workers, each served by a thread. They start on demand and end with the block."""

    def __init__(self, size: int, start: Callable[[], Worker]) -> None:
        self.size = size
        self._start = start
        self._tasks: queue.SimpleQueue[Member | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[Member, Result]] = queue.SimpleQueue()
        self._running: set[Worker] = set()
        self._threads: list[threading.Thread] = []

    def submit(self, member: Member) -> None:
        """Queue ``member`` for the next free worker."""
        if len(self._threads) < self.size:
            thread = threading.Thread(target=self._serve, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._tasks.put(member)

    def next_result(self, seconds: float) -> tuple[Member, Result] | None:
        """Return the next result, or None after ``seconds`` without one."""
        try:
            return self._results.get(timeout=seconds)
        except queue.Empty:
            return None

    def kill(self) -> None:
        """Kill the workers during their work."""
        for worker in list(self._running):
            worker.kill()

    def _serve(self) -> None:
        worker: Worker | None = None
        while (member := self._tasks.get()) is not None:
            try:
                worker = worker or self._start_worker()
                result = worker.process(member)
            except WorkerDied as exc:
                self._stop_worker(worker)
                worker, result = None, Result(Outcome.LOST, 0.0, error_text(exc))
            except Exception as exc:  # noqa: BLE001 - without a result the run would hang
                result = Result(Outcome.LOST, 0.0, error_text(exc))
            self._results.put((member, result))
        self._stop_worker(worker)

    def _start_worker(self) -> Worker:
        worker = self._start()
        self._running.add(worker)
        return worker

    def _stop_worker(self, worker: Worker | None) -> None:
        if worker is not None:
            self._running.discard(worker)
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()


def worker_count(tenants: int, wanted: int | None) -> int:
    """Return the number of worker processes for this number of tenants."""
    if wanted:
        return max(1, min(wanted, tenants))
    return max(1, min(os.cpu_count() or 1, MAX_WORKERS, -(-tenants // TENANTS_PER_WORKER)))
