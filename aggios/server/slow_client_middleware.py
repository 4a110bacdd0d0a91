"""WSGI layers against slow clients: slow readers of streams, and new slow uploads.

A client must read each part of a streamed response in time. Slow readers and slow senders share one
limit (slow_clients.py). A disconnected client can continue with ``Range``; downloads from the store
use no thread.
"""

import errno
import json
import logging
import select
import time
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from django.conf import settings

from aggios.server.slow_clients import LIMITER, POLL_SECONDS, WaitTimer, bytes_available
from core.http.body_errors import SlowClientLimitError, slow_client_problem
from core.request_context import API_VERSION, request_id_or_new

# Each part must be read within this time: at least 6.4 KiB a second.
STREAM_CHUNK_BYTES = 64 * 1024
STREAM_CHUNK_SECONDS = 10.0
log = logging.getLogger(__name__)
# A fast client has sent this much, or everything, by then.
EXPECTED_BYTES = 64 * 1024
CHECK_COUNT, CHECK_INTERVAL_SECONDS = 5, 0.01


class TimedStream(WaitTimer):
    """A response that is sent in parts, each when the client is ready."""

    def __init__(self, response: Any, connection: Any) -> None:
        super().__init__()
        self._response, self._poll = response, select.poll()
        self._poll.register(connection, select.POLLOUT)

    def __iter__(self) -> Iterator[bytes]:
        with LIMITER.counting(self):
            for part in self._response:
                for start in range(0, len(part), STREAM_CHUNK_BYTES):
                    self._wait_until_writable()
                    yield part[start : start + STREAM_CHUNK_BYTES]

    def close(self) -> None:
        """Close the response."""
        self._response.close()

    def _wait_until_writable(self) -> None:
        self.begin()
        try:
            while not self._poll.poll(POLL_SECONDS * 1000):
                self._require_time()
        except (SlowClientLimitError, TimeoutError) as exc:
            log.warning("slow_client_disconnected")
            # gunicorn treats this as a client that has gone; the status was already sent.
            raise ConnectionResetError(errno.ECONNRESET, "It is read too slowly.") from exc
        finally:
            self.end()

    def _require_time(self) -> None:
        LIMITER.require_capacity(self)
        if time.monotonic() > self._waiting_since + STREAM_CHUNK_SECONDS:
            raise TimeoutError


def limit_stream_time(inner: WSGIApplication) -> WSGIApplication:
    """Limit the time to send a streamed response."""

    def application(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        response = inner(environ, start_response)
        if "gunicorn.socket" not in environ or not getattr(response, "streaming", False):
            return response
        environ["gunicorn.socket"].settimeout(STREAM_CHUNK_SECONDS)  # gunicorn unsets it afterwards
        return TimedStream(response, environ["gunicorn.socket"])

    return application


def limit_slow_uploads(inner: WSGIApplication) -> WSGIApplication:
    """Reject new slow uploads with 503 while the slow-client limit is reached."""

    def application(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        if "gunicorn.socket" in environ and LIMITER.is_full and not _has_arrived(environ):
            return _reject(environ, start_response)
        return inner(environ, start_response)

    return application


def _has_arrived(environ: WSGIEnvironment) -> bool:
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    length = EXPECTED_BYTES if chunked else int(environ.get("CONTENT_LENGTH") or 0)
    for _ in range(CHECK_COUNT):
        if bytes_available(environ["wsgi.input"]) >= min(length, EXPECTED_BYTES):
            return True
        time.sleep(CHECK_INTERVAL_SECONDS)
    return False


def _reject(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
    request_id, problem = (
        request_id_or_new(environ.get("HTTP_X_REQUEST_ID", "")),
        slow_client_problem(),
    )
    body = json.dumps(problem.body(request_id, settings.PROBLEM_TYPE_BASE)).encode()
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Request-ID": request_id,
        "X-API-Version": API_VERSION,
        **problem.headers,
    }
    start_response(f"{problem.status} Service Unavailable", list(headers.items()))
    return [body]
