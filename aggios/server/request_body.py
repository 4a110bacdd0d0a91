"""WSGI layers that prepare gunicorn's request bodies for Django."""

import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from email.message import Message
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from django.utils.http import parse_header_parameters

from aggios.server.slow_clients import LIMITER, TimedSocket, read_body_through

# Time for a body, plus time for each received byte; a longer pause ends it.
BODY_SECONDS = 20.0
MIN_BYTES_PER_SECOND = 16 * 1024
MAX_PAUSE_SECONDS = 10.0
# Limits for draining an unread body, so that its sender can receive the response, and for the
# threads that may wait for it.
DRAIN_MAX_BYTES = 64 * 1024 * 1024
DRAIN_SECONDS = 5.0
DRAIN_PAUSE_SECONDS = 0.5
CHUNK_BYTES = 256 * 1024
# A boundary has 70 characters at most (RFC 2046 section 5.1.1).
MAX_TYPE_LENGTH = 256
DRAIN_THREADS = threading.BoundedSemaphore(2)


def allow_chunked(inner: WSGIApplication) -> WSGIApplication:
    """Let Django read a chunked body, which has no length (RFC 9112 section 7.1).

    Django reads up to CONTENT_LENGTH, so nothing without one. A server with
    ``wsgi.input_terminated`` ends the stream itself, so the length may be any large number. The
    readers of bodies have their own limits.
    """

    def application(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        if chunked and environ.get("wsgi.input_terminated"):
            environ["CONTENT_LENGTH"] = str(sys.maxsize)
        return inner(environ, start_response)

    return application


def limit_body_time(inner: WSGIApplication) -> WSGIApplication:
    """Limit the time to read a body, and the number of slow bodies."""

    def application(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        if not _has_body(environ) or "gunicorn.socket" not in environ:
            return inner(environ, start_response)
        timed_socket = TimedSocket(
            environ["gunicorn.socket"],
            seconds=BODY_SECONDS,
            pause=MAX_PAUSE_SECONDS,
            rate=MIN_BYTES_PER_SECOND,
        )
        with read_body_through(environ["wsgi.input"], timed_socket), LIMITER.counting(timed_socket):
            return inner(environ, start_response)

    return application


def _has_body(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH", "")
    return length not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


def normalize_content_type(inner: WSGIApplication) -> WSGIApplication:
    """Blank a ``Content-Type`` that cannot be parsed, and drop its ``charset``.

    Django reads it before its own middleware runs. It decodes the query by ``charset``,
    which could change its meaning or raise an error; here queries, forms and JSON are UTF-8. The
    library takes quadratic time for quoted semicolons: 0.16 s for 8 KB. So a long value is not
    parsed, as in the API, whose parsers refuse it.
    """

    def application(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        if "CONTENT_TYPE" in environ:
            environ["CONTENT_TYPE"] = _normalized_content_type(environ["CONTENT_TYPE"])
        return inner(environ, start_response)

    return application


def _normalized_content_type(text: str) -> str:
    if len(text) > MAX_TYPE_LENGTH:
        return ""
    try:
        parameters = parse_header_parameters(text)[1]
    except (ValueError, LookupError):
        return ""
    if "charset" not in parameters:
        return text
    header = Message()
    header["content-type"] = text
    header.del_param("charset")
    return str(header["content-type"])


def drain_body(inner: WSGIApplication) -> WSGIApplication:
    """Read the rest of a body before the response is sent.

    A refusal (401, 413, 503) often comes before the body was read. Closing the connection on a
    client that is still sending gives it a broken pipe, or the proxy's 502, instead of the
    response. Bytes and time are limited.
    """

    def application(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"]
        response = inner(environ, start_response)
        if _has_body(environ) and "gunicorn.socket" in environ:
            _drain_within_limits(body, environ["gunicorn.socket"])
        return response

    return application


def _drain_within_limits(body: Any, connection: Any) -> None:
    """Drain the rest if it arrives soon; only what has arrived while many clients are slow."""
    lingering = not LIMITER.is_strict and DRAIN_THREADS.acquire(blocking=False)
    try:
        _drain(body, connection, DRAIN_SECONDS if lingering else 0.0)
    finally:
        if lingering:
            DRAIN_THREADS.release()


def _drain(body: Any, connection: Any, seconds: float) -> None:
    """Read for so many seconds. A body that does not end in time leaves an aborted socket."""
    timed_socket, left = (
        TimedSocket(connection, seconds=seconds, pause=DRAIN_PAUSE_SECONDS),
        DRAIN_MAX_BYTES,
    )
    with suppress(OSError, ValueError), read_body_through(body, timed_socket):
        # Else the client has gone, sends nothing more, or sent invalid chunks.
        while data := body.read(CHUNK_BYTES):
            left -= len(data)
            if left <= 0:
                raise TimeoutError
