"""A TCP proxy in front of the store that cuts connections in the middle of a response."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from devstack.ports import LOOPBACK

PIECE = 16 * 1024


class CuttingProxy(socketserver.ThreadingTCPServer):
    """Closes a connection after ``after`` bytes of a response, ``times`` times in all.

    ``cuts`` counts them. ``on_cut`` is called before the client notices.
    """

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, store_url: str) -> None:
        super().__init__((LOOPBACK, 0), _Relay)
        store = urlsplit(store_url)
        self.store = (store.hostname, store.port)
        self.url = f"http://{LOOPBACK}:{self.server_address[1]}"
        self.on_cut: Callable[[], None] = lambda: None
        self.cut(after=0, times=0)

    def cut(self, *, after: int, times: int) -> None:
        """Start to count again."""
        self.after, self.times, self.cuts = after, times, 0


class _Relay(socketserver.BaseRequestHandler):
    """One connection of a client, with one to the store."""

    server: CuttingProxy

    def handle(self) -> None:
        self.received = 0
        with socket.create_connection(self.server.store) as store:
            sending = threading.Thread(target=self._send, args=(store,), daemon=True)
            sending.start()
            with suppress(OSError):
                self._receive(store)
            for each in (store, self.request):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            sending.join()

    def _send(self, store: socket.socket) -> None:
        with suppress(OSError):
            while data := self.request.recv(PIECE):
                self.received = 0
                store.sendall(data)
            store.shutdown(socket.SHUT_WR)

    def _receive(self, store: socket.socket) -> None:
        server = self.server
        while data := store.recv(PIECE):
            if server.cuts < server.times and self.received + len(data) > server.after:
                self.request.sendall(data[: server.after - self.received])
                server.cuts += 1
                server.on_cut()
                return
            self.request.sendall(data)
            self.received += len(data)


@contextmanager
def cutting_proxy(store_url: str) -> Iterator[CuttingProxy]:
    """Run a proxy in front of the store; it cuts nothing until ``cut`` is called."""
    with CuttingProxy(store_url) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
