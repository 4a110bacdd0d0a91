"""Refusing, before anything is done for them, bodies that have yet to come while many are slow."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

from aggios.server.slow_clients import LIMITER, bytes_available
from core.http.body_errors import slow_client_problem
from core.http.request_ids import API_VERSION, request_id_or_new

# Who is quick has sent so much, or all, by the time that it is asked for.
EXPECTED_BYTES = 64 * 1024
CHECK_COUNT, CHECK_INTERVAL_SECONDS = 5, 0.01

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


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
