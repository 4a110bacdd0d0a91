"""Asking an address as a client does: over the network and through whatever stands before it."""

import http.client
import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT = 10.0
MAX_BODY_BYTES = 64 * 1024
ERROR_CODE = re.compile(rb"<Code>([A-Za-z]+)</Code>")


@dataclass(frozen=True, slots=True)
class ProbeResponse:
    """An answer, its header fields in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The store's own word for what is wrong; empty when it was not the store that answered."""
        found = ERROR_CODE.search(self.body)
        return found[1].decode() if found else ""


def send_request(method: str, url: str, *, body: bytes = b"", **headers: str) -> ProbeResponse:
    """Send one request on a connection of its own.

    ``Access_Control_…`` becomes ``Access-Control-…``. Raises OSError, HTTPException.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    # Names below localhost are the machine itself (RFC 6761, 6.3); not every resolver knows.
    own = (parts.hostname or "").endswith(".localhost") and not secure
    connection = kind("127.0.0.1" if own else parts.hostname or "", parts.port, timeout=TIMEOUT)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, target, body or None, {"Host": parts.netloc, **sent})
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return ProbeResponse(answer.status, fields, answer.read(MAX_BODY_BYTES))
    finally:
        connection.close()


def explain_failure(exc: Exception) -> tuple[str, str]:
    """Return why nobody was heard, and how to mend it."""
    if isinstance(exc, socket.gaierror):
        return "its name cannot be looked up", "Set its DNS record, or correct the setting."
    if isinstance(exc, ssl.SSLError):
        reason = getattr(exc, "verify_message", "") or exc.reason
        return f"its certificate is no good: {reason}", "Give the proxy a valid certificate for it."
    if isinstance(exc, TimeoutError):
        return "it does not answer in time", "Look for a firewall, and whether the proxy is up."
    return f"it cannot be reached: {exc}", "Start the proxy and the store, or correct the setting."
