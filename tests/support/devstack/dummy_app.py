"""A small WSGI application for tests of the servers around it."""

import time
from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Return the received headers; /busy is a 503, /fail is a 500, /slow takes a second."""
    path = environ["PATH_INFO"]
    if path == "/busy":
        start_response("503 Busy", [("Content-Type", "text/plain"), ("Retry-After", "7")])
        return [b"busy"]
    if path == "/fail":
        environ["wsgi.input"].read()
        start_response("500 Fail", [("Content-Type", "text/plain"), ("X-Request-ID", "own-1234")])
        return [b"fail"]
    if path == "/slow":
        time.sleep(1)
    headers = ("HTTP_HOST", "HTTP_X_REQUEST_ID", "HTTP_X_FORWARDED_FOR", "HTTP_X_AUTH_USER")
    body = " ".join(environ.get(name, "-") for name in headers).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
