"""A back end that answers with what reached it: run as a process, so that it can be killed.

    python echo_backend.py NAME PORT [DOWN_DIRECTORY]

Prints its port when it listens (PORT 0 takes a free one). /api/health/ready and /live answer 503
while a file named ``ready`` or ``live`` lies in DOWN_DIRECTORY, /internal/traefik with the file
``routes`` there. /refuse/429 answers that status,
/secure with the security headers that the backend sends. A POST with X-Slowly gets the first half
of its response a second before the other.
"""

import gzip
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# The backend's headers (aggios/settings/security.py), and no-referrer as for a download.
SECURITY = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'self'",
    "Permissions-Policy": "camera=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OWN = {
    "/slow": "slowly",
    "/break": "break_off",
    "/s/break": "break_off",
    "/internal/traefik": "routes",
}
LONG_TEXT = json.dumps({"text": "a" * 20_000}).encode()


class EchoHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    name = ""
    down = Path("/nonexistent")
    received: dict[str, int] = {}

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in ("/api/health/ready", "/api/health/live"):
            self.health(path.rsplit("/", 1)[1])
        elif path.startswith("/_received/"):
            self.answer(200, {"bytes": self.received.get(path.rsplit("/", 1)[1], 0)})
        elif path.endswith("/long.json"):
            self.send(200, LONG_TEXT, "application/json")
        elif path.endswith("/long.bin"):
            self.send(200, gzip.compress(LONG_TEXT) * 50, "application/octet-stream")
        elif path.startswith("/refuse/"):
            self.answer(int(path.rsplit("/", 1)[1]), {"code": "own"})
        elif path in OWN:
            getattr(self, OWN[path])()
        else:
            self.echo(0)

    def do_POST(self) -> None:
        key = self.headers.get("X-Upload", "")
        size = 0
        for block in self.body():
            size += len(block)
            self.received[key] = size
        if self.path in OWN:
            getattr(self, OWN[self.path])()
        elif self.headers.get("X-Slowly"):
            self.slowly()
        elif self.path.startswith("/refuse/"):
            self.answer(int(self.path.rsplit("/", 1)[1]), {"code": "own"})
        else:
            self.echo(size)

    do_PUT = do_POST  # noqa: N815 - the name that http.server looks for

    def body(self):
        """Yield the blocks of a body, chunked or of known length, as they arrive."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().strip() or b"0", 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left and (block := self.rfile.read1(min(left, 65536))):
            left -= len(block)
            yield block

    def break_off(self) -> None:
        """Take the request, count it, and go away without an answer, like a process that dies."""
        self.received["break"] = self.received.get("break", 0) + 1
        self.close_connection = True

    def routes(self) -> None:
        """Answer Traefik's HTTP provider with the file ``routes``, without one with nothing."""
        file = self.down / "routes"
        self.received["routes"] = self.received.get("routes", 0) + 1
        self.send(200, file.read_bytes() if file.exists() else b"{}", "application/json")

    def slowly(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(b"firstsecond")))
        self.end_headers()
        self.wfile.write(b"first")
        time.sleep(1)
        self.wfile.write(b"second")

    def health(self, kind: str) -> None:
        status = 503 if (self.down / kind).exists() else 200
        self.answer(status, {"host": self.headers.get("Host")})

    def echo(self, size: int) -> None:
        self.answer(
            200,
            {
                "name": self.name,
                "method": self.command,
                "path": self.path,
                "bytes": size,
                "headers": [[key.lower(), value] for key, value in self.headers.items()],
            },
        )

    def answer(self, status: int, content: dict) -> None:
        self.send(status, json.dumps(content).encode(), "application/json")

    def send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-ID", self.headers.get("X-Request-ID") or f"made-by-{self.name}")
        if self.path.startswith("/secure"):
            for name, value in SECURITY.items():
                self.send_header(name, value)
        if origin := self.headers.get("Origin"):  # as MinIO answers
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Credentials", "true")
        if status in (429, 503):
            self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing: the answers are the record."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a client goes away, as Traefik does when it stops."""


def main(name: str, port: str, down: str = "/nonexistent") -> None:
    EchoHandler.name = name
    EchoHandler.down = Path(down)
    server = Server(("127.0.0.1", int(port)), EchoHandler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
