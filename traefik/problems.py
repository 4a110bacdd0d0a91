"""Error responses of Traefik itself, as problem+json or pages like those of the application.

    python problems.py            serves on PORT (8080), with the addresses of PROBLEM_TYPE_BASE
    python problems.py --check    exits with 0 if that server responds

/.problems/404 returns the problem with status 404; ``?url=`` is the address that was requested.
Every other path returns 503, because Traefik forwards the requests here that no server accepts. A
browser gets a page outside of the API. It needs only the standard library: in production the file
runs as a script, in development in a thread of the stack.
"""

import base64
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 2
# How long the body of a request is read after its response. Traefik ends the connection sooner.
LINGER_SECONDS = 5
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
AGAIN = (
    "It is not your fault. Try again in a moment; if it stays like this, tell us the number below."
)
# The titles above and texts of templates/error.html, as templates/locale/ has them. English is the
# texts themselves.
PORTUGUESE = {
    "The service does not answer at the moment.": "O serviço não responde no momento.",
    "The body cannot be read.": "O corpo não pode ser lido.",
    "You may not do this.": "Você não pode fazer isto.",
    "There is nothing here.": "Não há nada aqui.",
    "Too many requests.": "Requisições demais.",
    AGAIN: (
        "A culpa não é sua. Tente de novo daqui a pouco; se continuar assim, informe-nos o número "
        "abaixo."
    ),
    "Load the page again": "Carregar a página de novo",
    "Code": "Código",
    "Request": "Requisição",
}
# The colours are those of templates/static/aggios/tokens.css, which no server may be there to send.
STYLE = """
:root{color-scheme:light dark;--ground:#faf8f3;--text:#1a2421;--soft:#56605b;--accent:#0b6e5f;
--on:#fff}
@media(prefers-color-scheme:dark){:root{--ground:#111716;--text:#e7ece8;--soft:#a3afaa;
--accent:#62d0bc;--on:#06211b}}
body{margin:0;padding:4.5rem 1rem;background:var(--ground);color:var(--text);
overflow-wrap:anywhere;font:1rem/1.55 -apple-system,"Segoe UI",Inter,Roboto,"Noto Sans",
"Liberation Sans",system-ui,sans-serif}
main{max-width:32rem;margin:0 auto}
h1{margin:0 0 1rem;font:600 clamp(1.5rem,1.3rem + 1vw,1.875rem)/1.2 "Iowan Old Style",
"Palatino Linotype",Palatino,"Source Serif 4","Noto Serif",Georgia,serif}
.status,.fine{color:var(--soft);font-size:.875rem}
.button{display:inline-block;padding:.625rem 1.25rem;border-radius:.5625rem;
background:var(--accent);color:var(--on);font-weight:600;text-decoration:none}
a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept, Accept-Language",
}


class Handler(BaseHTTPRequestHandler):
    """Responds to every method with a problem."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    # An idle client must not occupy a thread.
    timeout = 10
    # Head and body are sent at once.
    wbufsize = -1

    def answer(self) -> None:
        """Send the problem that the path names, or 503."""
        path, _, query = self.path.partition("?")
        named = _PATH.fullmatch(path)
        problem = PROBLEMS.get(int(named[1]), UNAVAILABLE) if named else UNAVAILABLE
        given = self.headers.get("X-Request-ID", "")
        request_id = given if WELL_FORMED_ID.fullmatch(given) else str(uuid.uuid4())
        requested = _requested_path(query) if named else path
        if requested and prefers_page(requested, self.headers.get("Accept", "")):
            self._send_page(problem, request_id)
        else:
            self._send(problem, request_id)

    def send_error(self, *_: object) -> None:
        """Send 503 where the base class would send HTML, e.g. for too many headers."""
        self._send(UNAVAILABLE, str(uuid.uuid4()))

    def log_message(self, *_: object) -> None:
        """Log nothing: the request is in Traefik's access log."""

    def finish(self) -> None:
        """Send what is left, then read the body that is still arriving, for a while.

        RFC 9112, section 9.6: after a close with unread data, the operating system resets the
        connection, and the client may lose the response. Traefik then disconnects its client.
        """
        super().finish()
        deadline = time.monotonic() + LINGER_SECONDS
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1)
            while time.monotonic() < deadline and self.connection.recv(65536):
                pass

    def __getattr__(self, name: str) -> Callable[[], None]:
        # The base class calls do_GET, do_POST and so on.
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def _send(self, problem: Problem, request_id: str) -> None:
        body = _body(problem, request_id, self.server.type_base)
        self._send_body(problem, request_id, body, {"Content-Type": CONTENT_TYPE})

    def _send_page(self, problem: Problem, request_id: str) -> None:
        language = preferred_language(self.headers.get("Accept-Language", ""))
        body = _page(problem, request_id, language)
        kind = {"Content-Type": "text/html; charset=utf-8", "Content-Language": language}
        self._send_body(problem, request_id, body, {**kind, **PAGE_HEADERS})

    def _send_body(
        self, problem: Problem, request_id: str, body: bytes, headers: dict[str, str]
    ) -> None:
        # Not send_response(), which adds a header with this server's name and version.
        self.send_response_only(problem.status)
        for name, value in headers.items():
            self.send_header(name, value)
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


def prefers_page(path: str, accept: str) -> bool:
    """Tell whether a client names HTML first, as browsers do, for a path outside of the API.

    core/http/negotiation.py compares the qualities.
    """
    if path == "/api" or path.startswith("/api/"):
        return False
    first = accept.partition(",")[0].partition(";")[0]
    return first.strip().lower() in ("text/html", "application/xhtml+xml")


def preferred_language(accept_language: str) -> str:
    """Return the language that the field prefers: pt-br or en."""
    ranked = []
    for place, entry in enumerate(accept_language.lower().split(",")[:20]):
        code, _, quality = entry.strip().partition(";q=")
        with suppress(ValueError):
            ranked.append((-float(quality or 1), place, code.partition("-")[0].strip()))
    codes = [code for rank, _, code in sorted(ranked) if rank < 0]
    return "pt-br" if next((code for code in codes if code in ("en", "pt")), "en") == "pt" else "en"


def _requested_path(query: str) -> str:
    """Return the path in ``url=``, which Traefik gives to its middleware ``errors``, or ""."""
    try:
        return urlsplit(parse_qs(query, max_num_fields=5).get("url", [""])[0]).path
    except ValueError:
        return ""


def _page(problem: Problem, request_id: str, language: str) -> bytes:
    texts = PORTUGUESE if language == "pt-br" else {}

    def said(text: str) -> str:
        return escape(texts.get(text, text))

    again = ""
    if problem.retry:
        again = (
            f"<p>{said(AGAIN)}</p>"
            f'<p><a class="button" href="">{said("Load the page again")}</a></p>'
        )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{said(problem.title)} &ndash; Aggios</title>'
        f'<style>{STYLE}</style></head><body><main><p class="status">{problem.status}</p>'
        f"<h1>{said(problem.title)}</h1>{again}"
        f'<p class="fine">{said("Code")} <code>{problem.code}</code> · '
        f"{said('Request')} <code>{escape(request_id)}</code></p></main></body></html>"
    ).encode()


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
