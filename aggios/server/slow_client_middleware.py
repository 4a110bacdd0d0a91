"""Answers that stream: a client that reads slowly may not hold a thread for long either.

What is not taken within a time ends the connection, and of those that read slowly only so many have
a thread, together with those that send slowly (slow_lines.py). Whoever is cut off can go on with
``Range``; links to the store hold no thread at all.
"""

import errno
import json
import logging
import select
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.conf import settings

from aggios.server.slow_clients import LIMITER, POLL_SECONDS, WaitTimer, bytes_available
from core.http.body_errors import SlowClientLimitError, slow_client_problem
from core.request_context import API_VERSION, request_id_or_new

# Each of these is to be taken within this time: 6.4 KiB a second at least.
STREAM_CHUNK_BYTES = 64 * 1024
STREAM_CHUNK_SECONDS = 10.0
log = logging.getLogger(__name__)
# Who is quick has sent so much, or all, by the time that it is asked for.
EXPECTED_BYTES = 64 * 1024
CHECK_COUNT, CHECK_INTERVAL_SECONDS = 5, 0.01
Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class TimedStream(WaitTimer):
    """An answer on its way, piece by piece, whenever its client has room for one."""

    def __init__(self, answer: Any, connection: Any) -> None:
        super().__init__()
        self._answer, self._room = answer, select.poll()
        self._room.register(connection, select.POLLOUT)

    def __iter__(self) -> Iterator[bytes]:
        with LIMITER.joined_by(self):
            for part in self._answer:
                for start in range(0, len(part), STREAM_CHUNK_BYTES):
                    self._wait_for_room()
                    yield part[start : start + STREAM_CHUNK_BYTES]

    def close(self) -> None:
        """Let the answer give back what it holds."""
        self._answer.close()

    def _wait_for_room(self) -> None:
        self.begin()
        try:
            while not self._room.poll(POLL_SECONDS * 1000):
                self._require_patience()
        except (SlowClientLimitError, TimeoutError) as exc:
            log.warning("slow_client_disconnected")
            # What gunicorn takes for a client that has gone: the status was sent long since.
            raise ConnectionResetError(errno.ECONNRESET, "It is read too slowly.") from exc
        finally:
            self.end()

    def _require_patience(self) -> None:
        LIMITER.require_place(self)
        if time.monotonic() > self._asked + STREAM_CHUNK_SECONDS:
            raise TimeoutError


def limit_stream_time(inner: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Bound the time that sending a streamed answer can take."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer = inner(environ, start_response)
        if "gunicorn.socket" not in environ or not getattr(answer, "streaming", False):
            return answer
        environ["gunicorn.socket"].settimeout(STREAM_CHUNK_SECONDS)  # gunicorn unsets it afterwards
        return TimedStream(answer, environ["gunicorn.socket"])

    return application


# Refusing, before anything is done for them, bodies that have yet to come while many are slow.


def limit_slow_uploads(inner: Application) -> Application:
    """Answer 503 to who would have to be waited for while there are no places for that."""

    def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
        if "gunicorn.socket" in environ and LIMITER.is_full and not _has_arrived(environ):
            return _reject(environ, start_response)
        return inner(environ, start_response)

    return application


def _has_arrived(environ: Environ) -> bool:
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    length = EXPECTED_BYTES if chunked else int(environ.get("CONTENT_LENGTH") or 0)
    for _ in range(CHECK_COUNT):
        if bytes_available(environ["wsgi.input"]) >= min(length, EXPECTED_BYTES):
            return True
        time.sleep(CHECK_INTERVAL_SECONDS)
    return False


def _reject(environ: Environ, start_response: Any) -> Iterable[bytes]:
    number, problem = request_id_or_new(environ.get("HTTP_X_REQUEST_ID", "")), slow_client_problem()
    body = json.dumps(problem.body(number, settings.PROBLEM_TYPE_BASE)).encode()
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Request-ID": number,
        "X-API-Version": API_VERSION,
        **problem.headers,
    }
    start_response(f"{problem.status} Service Unavailable", list(headers.items()))
    return [body]
