"""Refusing, before anything is done for them, bodies that have yet to come while many are slow."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

from aggios.server.slow_clients import CROWD, come_so_far
from core.http.body_errors import busy
from core.http.request_ids import API_VERSION, request_id_of

# Who is quick has sent so much, or all, by the time that it is asked for.
SOON_BYTES = 64 * 1024
LOOKS, PAUSE_SECONDS = 5, 0.01

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


def with_places(inner: Application) -> Application:
    """Answer 503 to who would have to be waited for while there are no places for that."""

    def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
        if "gunicorn.socket" in environ and CROWD.is_full and not _is_here(environ):
            return _refused(environ, start_response)
        return inner(environ, start_response)

    return application


def _is_here(environ: Environ) -> bool:
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    length = SOON_BYTES if chunked else int(environ.get("CONTENT_LENGTH") or 0)
    for _ in range(LOOKS):
        if come_so_far(environ["wsgi.input"]) >= min(length, SOON_BYTES):
            return True
        time.sleep(PAUSE_SECONDS)
    return False


def _refused(environ: Environ, start_response: Any) -> Iterable[bytes]:
    number, problem = request_id_of(environ.get("HTTP_X_REQUEST_ID", "")), busy()
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
