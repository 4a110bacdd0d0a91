"""Request bodies as gunicorn hands them over, made fit for Django: WSGI layers around it."""

import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

# A body gets this long, and for each received byte a little longer; a pause ends it.
GRACE_SECONDS = 20.0
LEAST_BYTES_PER_SECOND = 16 * 1024
PAUSE_SECONDS = 10.0
# How much of a body that nobody wanted is still taken in, so that its sender can hear why, and how
# many threads at once may be lent to that.
LINGER_BYTES = 64 * 1024 * 1024
LINGER_SECONDS = 5.0
QUIET_SECONDS = 0.5
CHUNK_BYTES = 256 * 1024
LINGERING = threading.BoundedSemaphore(2)


def without_length(inner: Application) -> Application:
    """Let Django read a body that comes in chunks, which has no length (RFC 9112 section 7.1).

    Django reads no further than CONTENT_LENGTH, so nothing at all without one. A server that says
    ``wsgi.input_terminated`` ends the stream itself; there the length may be any large number.
    Whoever reads a body bounds it.
    """

    def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
        chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        if chunked and environ.get("wsgi.input_terminated"):
            environ["CONTENT_LENGTH"] = str(sys.maxsize)
        return inner(environ, start_response)

    return application


class Paced:
    """A body that must keep coming: a client that stalls may not hold a thread for long.

    Reading raises TimeoutError after a pause, or when the rate stays below
    ``LEAST_BYTES_PER_SECOND``.
    """

    def __init__(self, body: Any, connection: Any) -> None:
        self._body, self._connection = body, connection
        self._began, self._received = time.monotonic(), 0

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes. Raises TimeoutError."""
        return self._paced(self._body.read, size)

    def readline(self, size: int = -1) -> bytes:
        """Return a line of up to ``size`` bytes. Raises TimeoutError."""
        return self._paced(self._body.readline, size)

    def _paced(self, read: Callable[[int], bytes], size: int) -> bytes:
        earned = GRACE_SECONDS + self._received / LEAST_BYTES_PER_SECOND
        left = self._began + earned - time.monotonic()
        if left <= 0:
            raise TimeoutError("The body came too slowly.")
        usual = self._connection.gettimeout()
        self._connection.settimeout(min(left, PAUSE_SECONDS))
        try:
            data = read(size)
        finally:
            self._connection.settimeout(usual)
        self._received += len(data)
        return data


def in_time(inner: Application) -> Application:
    """Bound the time that reading a body can take."""

    def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
        if "gunicorn.socket" in environ:
            environ["wsgi.input"] = Paced(environ["wsgi.input"], environ["gunicorn.socket"])
        return inner(environ, start_response)

    return application


def with_readable_type(inner: Application) -> Application:
    """Blank a ``Content-Type`` that cannot be parsed; Django fails before any layer sees it."""

    def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
        try:
            parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        except (ValueError, LookupError):
            environ["CONTENT_TYPE"] = ""
        return inner(environ, start_response)

    return application


def read_to_the_end(inner: Application) -> Application:
    """Take in what the application left of a body before its answer is sent.

    A refusal (401, 413, 503) often comes before the body was read. If the connection were closed on
    a client that is still sending, it would see a broken pipe, or the proxy's 502, instead of the
    answer. Bounded in bytes and time; what is longer is cut off after all.
    """

    def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"]
        answer = inner(environ, start_response)
        if "gunicorn.socket" in environ and LINGERING.acquire(blocking=False):
            try:
                _drain(body, environ["gunicorn.socket"])
            finally:
                LINGERING.release()
        return answer

    return application


def _drain(body: Any, connection: Any) -> None:
    usual = connection.gettimeout()
    deadline, left = time.monotonic() + LINGER_SECONDS, LINGER_BYTES
    try:
        while left > 0 and time.monotonic() < deadline:
            connection.settimeout(QUIET_SECONDS)
            data = body.read(min(CHUNK_BYTES, left))
            if not data:
                return
            left -= len(data)
    except (OSError, ValueError):
        return  # the client has gone, sends nothing more, or sent no proper chunks
    finally:
        connection.settimeout(usual)
