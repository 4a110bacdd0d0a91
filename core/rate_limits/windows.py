"""Sliding windows that count uses within the last seconds.

Several windows are checked and consumed together, all or none, in one round trip to Redis, with
the clock of Redis. Windows in this process replace them while Redis is unavailable.
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

# A list per window, the newest use first, without expired uses.
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
    """The number of uses before this one, and the seconds until the oldest expires."""

    used: int
    reset: float


class Windows(Protocol):
    """A store of windows."""

    def consume(self, windows: Sequence[Window]) -> list[WindowState]:
        """Return the state of each window, and add a use to all of them if none was full."""

    def refund(self, cleared: Sequence[Window], refunded: Sequence[Window]) -> None:
        """Remove every use of ``cleared`` windows, and the newest use of ``refunded`` ones."""


class RedisWindows:
    """Windows shared by all processes. Each call raises RedisError while Redis is unavailable."""

    def __init__(self, url: str) -> None:
        # One immediate retry, for a connection that died since its last use.
        self._redis = Redis.from_url(
            url, socket_connect_timeout=0.25, socket_timeout=0.5, retry=Retry(NoBackoff(), 1)
        )
        self._consume = self._redis.register_script(CONSUME_SCRIPT)

    def consume(self, windows: Sequence[Window]) -> list[WindowState]:
        """See Windows."""
        bounds = [number for w in windows for number in (w.amount, w.seconds)]
        reply = self._consume([w.key for w in windows], bounds)
        pairs = zip(reply[::2], reply[1::2], strict=True)
        return [WindowState(int(used), float(reset)) for used, reset in pairs]

    def refund(self, cleared: Sequence[Window], refunded: Sequence[Window]) -> None:
        """See Windows."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for window in cleared:
                pipeline.delete(window.key)
            for window in refunded:
                pipeline.lpop(window.key)
            pipeline.execute()


class LocalWindows:
    """Windows of this process only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # When each use expires, the newest first.
        self._expiries: dict[str, deque[float]] = {}
        self._until_pruning = PRUNE_INTERVAL

    def consume(self, windows: Sequence[Window]) -> list[WindowState]:
        """See Windows."""
        now = time.monotonic()
        with self._lock:
            self._prune(now)
            states = [self._state(window, now) for window in windows]
            if all(s.used < w.amount for s, w in zip(states, windows, strict=True)):
                for window in windows:
                    uses = self._expiries.setdefault(window.key, deque())
                    uses.appendleft(now + window.seconds)
        return states

    def refund(self, cleared: Sequence[Window], refunded: Sequence[Window]) -> None:
        """See Windows."""
        with self._lock:
            for window in cleared:
                self._expiries.pop(window.key, None)
            for window in refunded:
                if uses := self._expiries.get(window.key):
                    uses.popleft()

    def _state(self, window: Window, now: float) -> WindowState:
        uses = self._expiries.get(window.key, deque())
        while uses and uses[-1] <= now:
            uses.pop()
        return WindowState(len(uses), uses[-1] - now if uses else window.seconds)

    def _prune(self, now: float) -> None:
        """Remove expired windows once every ``PRUNE_INTERVAL`` calls."""
        self._until_pruning -= 1
        if self._until_pruning <= 0:
            self._until_pruning = PRUNE_INTERVAL
            kept = {key: uses for key, uses in self._expiries.items() if uses and uses[0] > now}
            self._expiries = kept
