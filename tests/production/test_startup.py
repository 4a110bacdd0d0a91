"""A starting Traefik answers no request with 404 that it serves once it has started."""

import contextlib
import socket
import ssl
import threading

import pytest

from tests.support.traefik_edge import DOMAIN, free_ports, running_edge

pytestmark = [pytest.mark.needs("traefik"), pytest.mark.usefixtures("servers")]
HOST = f"acme.{DOMAIN}"


class Watch:
    """Send requests to one port over TLS until the block ends, starting before Traefik listens.

    Several clients at once, since the time between two configurations is short.
    """

    CLIENTS = 6

    def __init__(self, port: int) -> None:
        self.port, self.statuses, self.over = port, list[str](), threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(self.CLIENTS)]

    def ask(self) -> None:
        context = ssl._create_unverified_context()
        request = f"GET /x HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
        while not self.over.is_set():
            with contextlib.suppress(OSError):
                plain = socket.create_connection(("127.0.0.1", self.port), timeout=5)
                with context.wrap_socket(plain, server_hostname=HOST) as line:
                    line.sendall(request)
                    self.statuses += line.recv(100).decode().split()[1:2]

    def __enter__(self) -> "Watch":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_request_during_the_start_is_never_answered_404(tmp_path) -> None:
    (port,) = free_ports(1)
    with (
        Watch(port) as watch,
        running_edge(tmp_path, WEBSECURE_ADDRESS=f"127.0.0.1:{port}") as edge,
    ):
        edge.wait(lambda: "200" in watch.statuses)

    assert set(watch.statuses) == {"200"}
