"""Several workers, each served by a thread that waits for its answers."""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tenants.fleet.members import Member
from tenants.fleet.results import Outcome, Result, error_text
from tenants.fleet.workers import Worker, WorkerDied


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
