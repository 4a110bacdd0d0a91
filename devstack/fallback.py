"""What Traefik says when the application cannot: production's own answers, in a thread."""

import threading

from devstack.ports import LOOPBACK
from traefik.problems import CONTENT_TYPE, Server

PROBLEM_TYPE = CONTENT_TYPE


class ErrorServer:
    """A server of this process on ``port``; ``type_base`` starts the ``type`` of each problem."""

    def __init__(self, port: int, type_base: str) -> None:
        self._server = Server(LOOPBACK, port, type_base)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2)
