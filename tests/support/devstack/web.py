"""Requests to a stack's entry point with any host name: Python does not resolve *.localhost."""

import http.client
from dataclasses import dataclass

from devstack.ports import LOOPBACK


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes


def get(port: int, path: str, host: str = "localhost", **headers: str) -> Answer:
    """Send a request on a new connection."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={"Host": host, **sent})
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, received, response.read())
    finally:
        connection.close()
