"""gunicorn's threaded worker, which never waits for a client in the thread that accepts.

The stock one closes a connection there, and gives its other end up to two seconds to close it too
(RFC 9112, section 9.6). A client that is still sending does not, and meanwhile nobody's request is
taken up: a few that are refused would stop the worker.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

CLOSERS = 8
# So many wait for their turn; what comes then is closed at once.
WAITING = 32


class Worker(ThreadWorker):  # type: ignore[misc]
    """Closes connections in threads of their own."""

    def init_process(self) -> None:
        """Serve until told to end; called in the new process."""
        self._closers = ThreadPoolExecutor(CLOSERS, "closing")
        self._places = BoundedSemaphore(WAITING)
        super().init_process()

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Keep a connection for the next request, or close it."""
        conn.close = partial(self._close, conn)
        super().finish_request(conn, fs)

    def _close(self, conn: Any, graceful: bool = False) -> None:
        if graceful and self._places.acquire(blocking=False):
            self._closers.submit(self._close_in_peace, conn)
        else:
            TConn.close(conn)

    def _close_in_peace(self, conn: Any) -> None:
        try:
            TConn.close(conn, graceful=True)
        finally:
            self._places.release()
