"""Sliding windows: how often something was done in the last seconds.

Several windows are asked and counted at once, all or none, in one round trip to Redis, by Redis's
own clock. The same in this process stands in while Redis is away.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# A list for each window, the newest use first. Only what still counts is in it.
CONSUME_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local full, answer = 0, {}
for i, key in ipairs(KEYS) do
  local amount, seconds = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local oldest = redis.call('LINDEX', key, -1)
  while oldest and tonumber(oldest) <= now - seconds do
    redis.call('RPOP', key)
    oldest = redis.call('LINDEX', key, -1)
  end
  local used = redis.call('LLEN', key)
  if used >= amount then full = 1 end
  answer[2 * i - 1] = used
  answer[2 * i] = tostring(oldest and oldest + seconds - now or seconds)
end
if full == 0 then
  for i, key in ipairs(KEYS) do
    redis.call('LPUSH', key, string.format('%.6f', now))
    redis.call('EXPIRE', key, ARGV[2 * i])
  end
end
return answer
"""
PRUNE_INTERVAL = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``amount`` uses in any ``seconds``."""

    key: str
    amount: int
    seconds: int


@dataclass(frozen=True, slots=True)
class WindowState:
    """The uses that counted before this one, and the seconds until the oldest of them leaves."""

    used: int
    reset: float


class Windows(Protocol):
    """Where uses are counted."""

    def take(self, windows: Sequence[Window]) -> list[WindowState]:
        """Return how each window stood, and use all of them if none was full."""

    def forget(self, cleared: Sequence[Window], given_back: Sequence[Window]) -> None:
        """Forget every use of some windows, and the newest use of others."""


class RedisWindows:
    """Counted for all processes. Each call raises RedisError while Redis is away."""

    def __init__(self, url: str) -> None:
        # One more try, for a connection that died since it was used; no waiting in between.
        self._redis = Redis.from_url(
            url, socket_connect_timeout=0.25, socket_timeout=0.5, retry=Retry(NoBackoff(), 1)
        )
        self._take = self._redis.register_script(CONSUME_SCRIPT)

    def take(self, windows: Sequence[Window]) -> list[WindowState]:
        """See Windows."""
        bounds = [number for w in windows for number in (w.amount, w.seconds)]
        answer = self._take([w.key for w in windows], bounds)
        pairs = zip(answer[::2], answer[1::2], strict=True)
        return [WindowState(int(used), float(reset)) for used, reset in pairs]

    def forget(self, cleared: Sequence[Window], given_back: Sequence[Window]) -> None:
        """See Windows."""
        with self._redis.pipeline(transaction=False) as steps:
            for window in cleared:
                steps.delete(window.key)
            for window in given_back:
                steps.lpop(window.key)
            steps.execute()


class LocalWindows:
    """Counted for this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # When each use leaves its window, the newest first.
        self._leaving: dict[str, deque[float]] = {}
        self._until_pruning = PRUNE_INTERVAL

    def take(self, windows: Sequence[Window]) -> list[WindowState]:
        """See Windows."""
        now = time.monotonic()
        with self._lock:
            self._prune(now)
            states = [self._state(window, now) for window in windows]
            room = all(s.used < w.amount for s, w in zip(states, windows, strict=True))
            if room:
                for window in windows:
                    uses = self._leaving.setdefault(window.key, deque())
                    uses.appendleft(now + window.seconds)
        return states

    def forget(self, cleared: Sequence[Window], given_back: Sequence[Window]) -> None:
        """See Windows."""
        with self._lock:
            for window in cleared:
                self._leaving.pop(window.key, None)
            for window in given_back:
                if uses := self._leaving.get(window.key):
                    uses.popleft()

    def _state(self, window: Window, now: float) -> WindowState:
        uses = self._leaving.get(window.key, deque())
        while uses and uses[-1] <= now:
            uses.pop()
        return WindowState(len(uses), uses[-1] - now if uses else window.seconds)

    def _prune(self, now: float) -> None:
        """Now and then drop what counts no more, so that old keys do not add up."""
        self._until_pruning -= 1
        if self._until_pruning <= 0:
            self._until_pruning = PRUNE_INTERVAL
            kept = {key: uses for key, uses in self._leaving.items() if uses and uses[0] > now}
            self._leaving = kept
