"""Transports of the audit: the WSGI application in this process, or HTTP."""

import http.client
import io
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.servers.basehttp import get_internal_wsgi_application

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request. ``target`` is the path and query as sent."""

    method: str
    host: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value, or an empty text."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), "")


class Transport(Protocol):
    """Sends a request and returns the reply."""

    def send(self, request: Request) -> Reply:
        """Send a request."""


def unused_address() -> str:
    """Return an unused address (RFC 3849), so that no real client's limit is consumed."""
    return f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"


class InProcessTransport:
    """The WSGI application with all its middleware."""

    def __init__(self) -> None:
        # Its import runs the checks that a web process runs, and closes connections.
        self._application: Callable[..., Any] = get_internal_wsgi_application()

    def send(self, request: Request) -> Reply:
        """Send a request."""
        answer: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            answer.update(status=int(status.split(" ", maxsplit=1)[0]), headers=headers)

        result = self._application(self._environ(request), start_response)
        try:
            body = b"".join(result)
        finally:
            if hasattr(result, "close"):
                result.close()
        return Reply(answer["status"], answer["headers"], body)

    def _environ(self, request: Request) -> dict[str, Any]:
        path, _, query = request.target.partition("?")
        headers = {"X-Forwarded-For": unused_address(), **_scheme_header(), **request.headers}
        named = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in headers.items() if v}
        return {
            **named,
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_HOST": request.host,
            "SERVER_NAME": request.host,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }


class HttpTransport:
    """A running server at ``url``; the host is a header."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def send(self, request: Request) -> Reply:
        """Send a request on a new connection. Raises: OSError."""
        port = f":{self._url.port}" if self._url.port else ""
        headers = {"X-Forwarded-For": unused_address(), **_scheme_header(), **request.headers}
        return send_request(self._url.geturl(), request, f"{request.host}{port}", headers)


def send_request(url: str, request: Request, host: str, headers: dict[str, str]) -> Reply:
    """Send a request to the server of ``url`` with any host name. Raises: OSError."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.putrequest(
            request.method, request.target, skip_host=True, skip_accept_encoding=True
        )
        connection.putheader("Host", host)
        for name, value in ((k, v) for k, v in headers.items() if v):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        answer = connection.getresponse()
        return Reply(answer.status, answer.getheaders(), answer.read())
    except http.client.HTTPException as exc:
        raise OSError(f"{url} did not answer properly: {exc!r}") from exc
    finally:
        connection.close()


def fetch_presigned(url: str) -> Reply:
    """Get a presigned URL from the store's internal endpoint; the signature covers the host.

    Raises: OSError.
    """
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return send_request(settings.S3_ENDPOINT_URL, Request("GET", "", target), parts.netloc, {})


def _scheme_header() -> dict[str, str]:
    return {"X-Forwarded-Proto": str(settings.PUBLIC_SCHEME)}
