"""WSGI entry point: ``gunicorn -c python:aggios.gunicorn aggios.wsgi``."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aggios.settings")

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


def reading_chunked(inner: Application) -> Application:
    """Let Django read a body that comes in chunks, which has no length (RFC 9112 section 7.1).

    Django reads no further than CONTENT_LENGTH, so nothing at all without one. A server that says
    ``wsgi.input_terminated`` ends the stream itself; there the length may be any large number.
    What reads a body bounds it.
    """

    def application(environ: Environ, start_response: Any) -> Iterable[bytes]:
        chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        if chunked and environ.get("wsgi.input_terminated"):
            environ["CONTENT_LENGTH"] = str(sys.maxsize)
        return inner(environ, start_response)

    return application


application = reading_chunked(get_wsgi_application())
