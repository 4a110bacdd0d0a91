"""Scheduling of a run: canaries first, retries of transient errors, and early stops."""

import heapq
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from tenants.fleet.control import InterruptHandler
from tenants.fleet.members import Member
from tenants.fleet.results import TRANSIENT_OUTCOMES, Outcome, Result
from tenants.fleet.workers import WorkerPool

POLL_SECONDS = 0.2
MAX_PAUSE_SECONDS = 16.0


class StopReason(StrEnum):
    """The reason of an early stop."""

    CANARY = "a canary failed"
    MAX_FAILURES = "too many failed"
    INTERRUPTED = "it was interrupted"


@dataclass(frozen=True, slots=True)
class RunPolicy:
    """The policy of a run. ``retries`` apply to transient errors."""

    canary: int = 0
    max_failures: int | None = None  # None: never stop
    retries: int = 5


class Runner:
    """One run over tenants. ``on_result`` is called with each final result, in this thread."""

    def __init__(
        self,
        pool: WorkerPool,
        policy: RunPolicy,
        interrupt: InterruptHandler,
        on_result: Callable[[Member, Result], None],
        cancel: Callable[[], None],
    ) -> None:
        self.stop: StopReason | None = None
        self._pool, self._policy, self._on_result = pool, policy, on_result
        self._interrupt, self._cancel = interrupt, cancel
        self._failures = 0
        self._number = itertools.count()
        self._tries: dict[Member, int] = {}
        self._waiting: list[tuple[float, int, Member]] = []
        self._running: set[Member] = set()
        self._cancelled = False

    def run(self, members: list[Member]) -> None:
        """Work on all members, or until ``stop`` is set."""
        canaries = members[: self._policy.canary]
        failures_before = self._failures
        for member in canaries:
            self._run_all([member])
            if self._failures > failures_before and self.stop is None:
                self.stop = StopReason.CANARY
            if self.stop:
                return
        self._run_all(members[len(canaries) :])

    def _run_all(self, members: list[Member]) -> None:
        self._waiting = [(0.0, next(self._number), member) for member in members]
        while self._running or (self._waiting and not self.stop):
            self._start_due()
            result = self._pool.next_result(self._poll_timeout())
            if result is not None:
                self._handle_result(*result)
            self._check_interrupt()
        self._report_waiting()

    def _start_due(self) -> None:
        now = time.monotonic()
        while (
            not self.stop
            and len(self._running) < self._pool.size
            and self._waiting
            and self._waiting[0][0] <= now
        ):
            _, _, member = heapq.heappop(self._waiting)
            self._tries[member] = self._tries.get(member, 0) + 1
            self._running.add(member)
            self._pool.submit(member)

    def _poll_timeout(self) -> float:
        if not self._waiting:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.01, self._waiting[0][0] - time.monotonic()))

    def _handle_result(self, member: Member, result: Result) -> None:
        self._running.discard(member)
        result = replace(result, tries=self._tries[member])
        if (
            result.outcome in TRANSIENT_OUTCOMES
            and result.tries <= self._policy.retries
            and not self.stop
        ):
            pause = min(MAX_PAUSE_SECONDS, 0.5 * 2**result.tries) * random.uniform(0.5, 1)  # noqa: S311
            later = time.monotonic() + pause
            heapq.heappush(self._waiting, (later, next(self._number), member))
            return
        if self._cancelled and not result.succeeded:
            result = replace(result, outcome=Outcome.CANCELLED)
        self._finish(member, result)

    def _finish(self, member: Member, result: Result) -> None:
        self._on_result(member, result)
        self._failures += not result.succeeded
        limit = self._policy.max_failures
        if self.stop is None and limit is not None and self._failures >= limit:
            self.stop = StopReason.MAX_FAILURES

    def _check_interrupt(self) -> None:
        if self._interrupt.is_requested:
            self.stop = StopReason.INTERRUPTED
        if self._interrupt.is_urgent and self._running and not self._cancelled:
            self._cancelled = True
            self._cancel()

    def _report_waiting(self) -> None:
        """Report members that wait for a retry that will not happen."""
        for _, _, member in self._waiting:
            if member in self._tries:
                detail = "It was locked, and the run stopped before it could be tried again."
                self._on_result(
                    member, Result(Outcome.LOCKED, 0.0, detail, tries=self._tries[member])
                )
        self._waiting = []
