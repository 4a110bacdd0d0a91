"""What Traefik says when the application cannot: problem+json, like every other answer."""

import json
import re
import threading
import uuid
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from devstack.environment import BASE_DOMAIN
from devstack.ports import LOOPBACK

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 2
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PROBLEMS = {
    HTTPStatus.NOT_FOUND: ("not_found", "Nothing is served at this address."),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "service_unavailable",
        "The application does not answer at the moment; try again shortly.",
    ),
}


class _Problem(BaseHTTPRequestHandler):
    """Answer 503, or 404 for the path /404, whatever the method."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        status = HTTPStatus.NOT_FOUND if self.path == "/404" else HTTPStatus.SERVICE_UNAVAILABLE
        request_id = self.headers.get("X-Request-ID", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = str(uuid.uuid4())
        body = _body(status, request_id)
        # Without the header that would name this server and its version.
        self.send_response_only(status)
        self.send_header("Content-Type", PROBLEM_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-ID", request_id)
        self.send_header("X-API-Version", "v1")
        self.send_header("Cache-Control", "no-store")
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", str(RETRY_SECONDS))
        # A body that was sent along is not read, so the connection cannot be used again.
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        # The base class calls do_GET, do_POST and so on.
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *args: object) -> None:
        """Say nothing: Traefik's access log has it."""


class Fallback:
    """A server of this process, in a thread."""

    def __init__(self, port: int) -> None:
        self._server = ThreadingHTTPServer((LOOPBACK, port), _Problem)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)


def _body(status: HTTPStatus, request_id: str) -> bytes:
    code, detail = _PROBLEMS[status]
    problem = {
        "type": f"http://{BASE_DOMAIN}/errors/{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    return json.dumps(problem).encode()
