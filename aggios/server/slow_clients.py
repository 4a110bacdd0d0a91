"""Connections whose bytes come slowly: how long they may hold a thread, and how many of them.

gunicorn puts a body together in steps of its own and asks the socket until it has enough for one,
so a timeout of the socket bounds the pause between two bytes and nothing else: a byte now and then
would hold a thread for ever. So while a body is read, the reader's socket is a ``TimedSocket``,
which knows what time it is.
"""

import fcntl
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings

from core.http.body_errors import SlowClientLimitError

# How often somebody who waits looks whether to go on waiting.
POLL_SECONDS = 0.1
# Who has kept its thread waiting for so long counts as slow: usually, and for a time after there
# were too many of them, so that a next wave does not fill the threads again before it is known.
SLOW_SECONDS = 3.0
STRICT_SLOW_SECONDS = 0.1
STRICT_SECONDS = 10.0


class WaitTimer:
    """Something that keeps a thread waiting for its client."""

    def __init__(self) -> None:
        self._asked, self._waiting, self._waited = time.monotonic(), False, 0.0

    def waited(self, now: float) -> float:
        """Return for how many seconds in all somebody has waited."""
        return self._waited + (now - self._asked if self._waiting else 0.0)

    def begin(self) -> None:
        """Count from now on."""
        self._asked, self._waiting = time.monotonic(), True

    def end(self) -> None:
        """Count no further."""
        self._waited = self.waited(time.monotonic())
        self._waiting = False


class TimedSocket(WaitTimer):
    """A connection that is read for so many ``seconds``, longer for each byte at ``rate``.

    ``recv`` raises TimeoutError after a ``pause`` or when the time is over, and CrowdedOutError.
    """

    def __init__(self, connection: Any, *, seconds: float, pause: float, rate: float = 0.0) -> None:
        super().__init__()
        self._connection, self._seconds, self._pause = connection, seconds, pause
        self._rate, self._received = rate, 0
        self._began = self._looked = self._asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def recv(self, size: int) -> bytes:
        """Return what has come, up to ``size`` bytes."""
        self.begin()
        try:
            data = self._received_in_time(size)
        finally:
            self.end()
        self._received += len(data)
        return data

    def break_off(self) -> None:
        """Let nobody read from it any more."""
        self._seconds = float("-inf")

    def _received_in_time(self, size: int) -> bytes:
        while True:
            step = min(self._left(), POLL_SECONDS)
            if self._connection.gettimeout() != step:
                self._connection.settimeout(step)
            with suppress(TimeoutError):
                found: bytes = self._connection.recv(size)
                return found

    def _left(self) -> float:
        """Return how long the next byte may take. Raises TimeoutError, CrowdedOutError."""
        now = time.monotonic()
        earned = self._received / self._rate if self._rate else 0.0
        left = min(self._began + self._seconds + earned, self._asked + self._pause) - now
        if left <= 0:
            raise TimeoutError("The body came too slowly.")
        if now - self._looked > POLL_SECONDS:
            self._looked = now
            LIMITER.require_place(self)
        return left


class SlowClientLimiter:
    """What holds the threads of this process: of what is slow there is never too much.

    ``settings.SLOW_CLIENT_LIMIT`` is less than there are threads, so some are always free for
    everybody else. The last to come are the first to go.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[WaitTimer] = []
        self._strict_until = 0.0

    @contextmanager
    def joined_by(self, one: WaitTimer) -> Iterator[None]:
        """Count one more while the block runs."""
        with self._lock:
            self._held.append(one)
        try:
            yield
        finally:
            with self._lock:
                self._held.remove(one)

    @property
    def is_strict(self) -> bool:
        """Whether there were too many a short while ago."""
        return time.monotonic() < self._strict_until

    @property
    def is_full(self) -> bool:
        """Whether there were too many a short while ago and nobody has left since."""
        now = time.monotonic()
        with self._lock:
            slow = [held for held in self._held if held.waited(now) > STRICT_SLOW_SECONDS]
            return self.is_strict and len(slow) >= settings.SLOW_CLIENT_LIMIT

    def require_place(self, one: WaitTimer) -> None:
        """Raise CrowdedOutError for one that is slow while there are enough of them before it."""
        now = time.monotonic()
        with self._lock:
            enough = STRICT_SLOW_SECONDS if self.is_strict else SLOW_SECONDS
            slow = [held for held in self._held if held.waited(now) > enough]
            excess = slow[settings.SLOW_CLIENT_LIMIT :]
            if excess:
                self._strict_until = now + STRICT_SECONDS
        if one in excess:
            raise SlowClientLimitError("Too many bodies come slowly.")


LIMITER = SlowClientLimiter()


@contextmanager
def read_body_through(body: Any, line: TimedSocket) -> Iterator[None]:
    """Have gunicorn read a body from ``line`` while the block runs.

    If the block fails the line stays, broken off: who would read on closes the connection instead.
    """
    unreader = _unreader_of(body)
    connection, usual = unreader.sock, unreader.sock.gettimeout()
    unreader.sock = line
    try:
        yield
        unreader.sock = connection
    except BaseException:
        line.break_off()
        raise
    finally:
        connection.settimeout(usual)


def bytes_available(body: Any) -> int:
    """Return how many bytes of a body are here, without taking any."""
    unreader, waiting = _unreader_of(body), bytearray(4)
    fcntl.ioctl(unreader.sock, termios.FIONREAD, waiting)
    return len(unreader.buf.getvalue()) + int.from_bytes(waiting, sys.byteorder)


def _unreader_of(body: Any) -> Any:
    """Return what gunicorn reads a request's body with; it is the same with and without chunks."""
    reader = body.reader
    return reader.unreader if hasattr(reader, "unreader") else reader.req.unreader
