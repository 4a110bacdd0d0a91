"""Handing tenants to workers: canaries first, what was locked again later, stopping when told."""

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
    """Why a run ended before every tenant had its turn."""

    CANARY = "a canary failed"
    MAX_FAILURES = "too many failed"
    INTERRUPTED = "it was interrupted"


@dataclass(frozen=True, slots=True)
class RunPolicy:
    """How a run goes about it. ``retries`` are for trouble that passes."""

    canary: int = 0
    max_failures: int | None = None  # None: go on, however many
    retries: int = 5


class Runner:
    """One run over tenants. ``settle`` is told of each tenant's final result, in this thread."""

    def __init__(
        self,
        pool: WorkerPool,
        policy: RunPolicy,
        interruption: InterruptHandler,
        settle: Callable[[Member, Result], None],
        cancel: Callable[[], None],
    ) -> None:
        self.stop: StopReason | None = None
        self._pool, self._policy, self._settle = pool, policy, settle
        self._interruption, self._cancel = interruption, cancel
        self._failures = 0
        self._number = itertools.count()
        self._tries: dict[Member, int] = {}
        self._waiting: list[tuple[float, int, Member]] = []
        self._under_way: set[Member] = set()
        self._cancelled = False

    def run(self, members: list[Member]) -> None:
        """Work on all of them, or until ``stop`` says why not."""
        canaries = members[: self._policy.canary]
        before = self._failures
        for member in canaries:
            self._drain([member])
            if self._failures > before and self.stop is None:
                self.stop = StopReason.CANARY
            if self.stop:
                return
        self._drain(members[len(canaries) :])

    def _drain(self, members: list[Member]) -> None:
        self._waiting = [(0.0, next(self._number), member) for member in members]
        while self._under_way or (self._waiting and not self.stop):
            self._hand_out()
            answer = self._pool.take(self._patience())
            if answer is not None:
                self._take_in(*answer)
            self._look_up()
        self._leave_waiting()

    def _hand_out(self) -> None:
        now = time.monotonic()
        while (
            not self.stop
            and len(self._under_way) < self._pool.size
            and self._waiting
            and self._waiting[0][0] <= now
        ):
            _, _, member = heapq.heappop(self._waiting)
            self._tries[member] = self._tries.get(member, 0) + 1
            self._under_way.add(member)
            self._pool.give(member)

    def _patience(self) -> float:
        if not self._waiting:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.01, self._waiting[0][0] - time.monotonic()))

    def _take_in(self, member: Member, result: Result) -> None:
        self._under_way.discard(member)
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
        self._settle(member, result)
        self._failures += not result.succeeded
        most = self._policy.max_failures
        if self.stop is None and most is not None and self._failures >= most:
            self.stop = StopReason.MAX_FAILURES

    def _look_up(self) -> None:
        if self._interruption.wanted:
            self.stop = StopReason.INTERRUPTED
        if self._interruption.is_urgent and self._under_way and not self._cancelled:
            self._cancelled = True
            self._cancel()

    def _leave_waiting(self) -> None:
        """Report those that were tried in vain and wait for another try that will not come."""
        for _, _, member in self._waiting:
            if member in self._tries:
                detail = "It was locked, and the run stopped before it could be tried again."
                self._settle(member, Result(Outcome.LOCKED, 0.0, detail, tries=self._tries[member]))
        self._waiting = []
