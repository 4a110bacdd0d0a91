"""Limits clients that send slowly: how long one may use a thread, and how many.

gunicorn reads a body in steps and calls ``recv`` until a step is complete, so a socket timeout
limits only the pause between two bytes: one byte now and then would hold a thread for ever. So
while a body is read, the reader's socket is a ``TimedSocket`` with a deadline.
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

# How often a waiting thread checks its limits.
POLL_SECONDS = 0.1
# A client is slow after this time of waiting; after a shorter one while the limit was exceeded
# recently, so that a next wave cannot fill the threads.
SLOW_SECONDS = 3.0
STRICT_SLOW_SECONDS = 0.1
STRICT_SECONDS = 10.0


class WaitTimer:
    """Time that a thread has waited for its client."""

    def __init__(self) -> None:
        self._waiting_since, self._waiting, self._total = time.monotonic(), False, 0.0

    def seconds_waited(self, now: float) -> float:
        """Return the total waiting time in seconds."""
        return self._total + (now - self._waiting_since if self._waiting else 0.0)

    def begin(self) -> None:
        """Start counting."""
        self._waiting_since, self._waiting = time.monotonic(), True

    def end(self) -> None:
        """Stop counting."""
        self._total = self.seconds_waited(time.monotonic())
        self._waiting = False


class TimedSocket(WaitTimer):
    """A connection with ``seconds`` to read a body, plus time for each byte at ``rate``.

    ``recv`` raises TimeoutError after a ``pause`` or at the deadline, and SlowClientLimitError.
    """

    def __init__(self, connection: Any, *, seconds: float, pause: float, rate: float = 0.0) -> None:
        super().__init__()
        self._connection, self._seconds, self._pause = connection, seconds, pause
        self._rate, self._received = rate, 0
        self._started_at = self._checked_at = self._waiting_since

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def recv(self, size: int) -> bytes:
        """Return received data, up to ``size`` bytes."""
        self.begin()
        try:
            data = self._receive(size)
        finally:
            self.end()
        self._received += len(data)
        return data

    def abort(self) -> None:
        """Refuse all further reads."""
        self._seconds = float("-inf")

    def _receive(self, size: int) -> bytes:
        while True:
            step = min(self._seconds_left(), POLL_SECONDS)
            if self._connection.gettimeout() != step:
                self._connection.settimeout(step)
            with suppress(TimeoutError):
                found: bytes = self._connection.recv(size)
                return found

    def _seconds_left(self) -> float:
        """Return the time for the next byte. Raises: TimeoutError, SlowClientLimitError."""
        now = time.monotonic()
        earned = self._received / self._rate if self._rate else 0.0
        left = (
            min(self._started_at + self._seconds + earned, self._waiting_since + self._pause) - now
        )
        if left <= 0:
            raise TimeoutError("The body came too slowly.")
        if now - self._checked_at > POLL_SECONDS:
            self._checked_at = now
            LIMITER.require_capacity(self)
        return left


class SlowClientLimiter:
    """Limits the slow clients that use threads of this process.

    ``settings.SLOW_CLIENT_LIMIT`` is less than the number of threads, so some are always free. The
    newest slow clients are disconnected first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timers: list[WaitTimer] = []
        self._strict_until = 0.0

    @contextmanager
    def counting(self, timer: WaitTimer) -> Iterator[None]:
        """Count one client while the block runs."""
        with self._lock:
            self._timers.append(timer)
        try:
            yield
        finally:
            with self._lock:
                self._timers.remove(timer)

    @property
    def is_strict(self) -> bool:
        """Whether the limit was exceeded recently."""
        return time.monotonic() < self._strict_until

    @property
    def is_full(self) -> bool:
        """Whether the limit was exceeded recently and is still reached."""
        now = time.monotonic()
        with self._lock:
            slow = [each for each in self._timers if each.seconds_waited(now) > STRICT_SLOW_SECONDS]
            return self.is_strict and len(slow) >= settings.SLOW_CLIENT_LIMIT

    def require_capacity(self, timer: WaitTimer) -> None:
        """Raise an error for a slow client beyond the limit."""
        now = time.monotonic()
        with self._lock:
            threshold = STRICT_SLOW_SECONDS if self.is_strict else SLOW_SECONDS
            slow = [each for each in self._timers if each.seconds_waited(now) > threshold]
            excess = slow[settings.SLOW_CLIENT_LIMIT :]
            if excess:
                self._strict_until = now + STRICT_SECONDS
        if timer in excess:
            raise SlowClientLimitError("Too many bodies come slowly.")


LIMITER = SlowClientLimiter()


@contextmanager
def read_body_through(body: Any, timed_socket: TimedSocket) -> Iterator[None]:
    """Make gunicorn read a body from a ``TimedSocket`` while the block runs.

    If the block fails, the socket stays in place and is aborted: a later read closes the
    connection.
    """
    unreader = _unreader_of(body)
    connection, usual = unreader.sock, unreader.sock.gettimeout()
    unreader.sock = timed_socket
    try:
        yield
        unreader.sock = connection
    except BaseException:
        timed_socket.abort()
        raise
    finally:
        connection.settimeout(usual)


def bytes_available(body: Any) -> int:
    """Return how many bytes of a body have arrived, without reading them."""
    unreader, waiting = _unreader_of(body), bytearray(4)
    fcntl.ioctl(unreader.sock, termios.FIONREAD, waiting)
    return len(unreader.buf.getvalue()) + int.from_bytes(waiting, sys.byteorder)


def _unreader_of(body: Any) -> Any:
    """Return gunicorn's reader of a body's bytes, the same with and without chunks."""
    reader = body.reader
    return reader.unreader if hasattr(reader, "unreader") else reader.req.unreader
