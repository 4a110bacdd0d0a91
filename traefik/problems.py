"""Error responses of Traefik itself, as problem+json like those of the application.

    python problems.py            serves on PORT (8080), with the addresses of PROBLEM_TYPE_BASE
    python problems.py --check    exits with 0 if that server responds

/.problems/404 returns the problem with status 404. Every other path returns 503, because Traefik
forwards the requests here that no server accepts. It needs only the standard library: in production
the file runs as a script, in development in a thread of the stack.
"""

import http.client
import json
import os
import re
import signal
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 2
# The rules of core/http/middleware.py, which this file cannot import.
API_VERSION = "v1"
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_PATH = re.compile(r"/\.problems/([0-9]{3})")


@dataclass(frozen=True)
class Problem:
    """One problem. Code and title are those of core/problems.py and docs/errors.md."""

    status: int
    code: str
    title: str
    detail: str
    retry: bool = False


UNAVAILABLE = Problem(
    503,
    "service_unavailable",
    "The service does not answer at the moment.",
    "The service does not answer at the moment; try again shortly.",
    retry=True,
)
PROBLEMS = {
    400: Problem(
        400,
        "malformed_body",
        "The body cannot be read.",
        "The body breaks off, or its transfer coding is not valid.",
    ),
    403: Problem(
        403, "permission_denied", "You may not do this.", "This site is closed to your address."
    ),
    404: Problem(404, "not_found", "There is nothing here.", "Nothing is served at this address."),
    429: Problem(
        429,
        "rate_limited",
        "Too many requests.",
        "Too many requests come from your address; wait a little.",
        retry=True,
    ),
    503: UNAVAILABLE,
}


class Handler(BaseHTTPRequestHandler):
    """Responds to every method with a problem."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    # An idle client must not occupy a thread.
    timeout = 10

    def answer(self) -> None:
        """Send the problem that the path names, or 503."""
        named = _PATH.fullmatch(self.path.partition("?")[0])
        problem = PROBLEMS.get(int(named[1]), UNAVAILABLE) if named else UNAVAILABLE
        given = self.headers.get("X-Request-ID", "")
        self._send(problem, given if WELL_FORMED_ID.fullmatch(given) else str(uuid.uuid4()))

    def send_error(self, *_: object) -> None:
        """Send 503 where the base class would send HTML, e.g. for too many headers."""
        self._send(UNAVAILABLE, str(uuid.uuid4()))

    def log_message(self, *_: object) -> None:
        """Log nothing: the request is in Traefik's access log."""

    def __getattr__(self, name: str) -> Callable[[], None]:
        # The base class calls do_GET, do_POST and so on.
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def _send(self, problem: Problem, request_id: str) -> None:
        body = _body(problem, request_id, self.server.type_base)
        # Not send_response(), which adds a header with this server's name and version.
        self.send_response_only(problem.status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-ID", request_id)
        self.send_header("X-API-Version", API_VERSION)
        self.send_header("Cache-Control", "no-store")
        if problem.retry:
            self.send_header("Retry-After", str(RETRY_SECONDS))
        # The request's body is not read, so the connection cannot be reused.
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Listens on ``host`` and ``port``; the ``type`` of each problem starts with ``type_base``.

    Raises: OSError if the port is taken.
    """

    daemon_threads = True
    # While no server is available, all requests come here.
    request_queue_size = 128

    def __init__(self, host: str, port: int, type_base: str) -> None:
        super().__init__((host, port), Handler)
        self.type_base = type_base

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect before the response."""


def _body(problem: Problem, request_id: str, type_base: str) -> bytes:
    document = {
        "type": f"{type_base}{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    return json.dumps(document).encode()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/")
        return connection.getresponse().headers.get_content_type() == CONTENT_TYPE
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM, or check a running server; return the exit status."""
    port = int(os.environ.get("PORT", "8080"))
    if arguments == ["--check"]:
        return 0 if _answers(port) else 1
    # The first process of a container has no default action for this signal.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    host = os.environ.get("HOST", "")
    with Server(host, port, os.environ["PROBLEM_TYPE_BASE"]) as server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
