"""gunicorn's threaded worker and its logger.

The stock worker closes a connection in the thread that accepts, and waits there up to two seconds
for the client to close it too (RFC 9112, section 9.6). A client that is still sending does not, and
until then no request is accepted: a few refused clients would stop the worker. Here other threads
close connections, and refusals are problem+json.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import BoundedSemaphore
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from aggios.server.parse_errors import client_request_id, problem_for, render_response
from core.observability.logging import redact
from core.problems import InternalError

CLOSER_THREADS = 8
# Further connections are closed at once.
MAX_QUEUED_CLOSES = 32
log = logging.getLogger(__name__)


class Worker(ThreadWorker):  # type: ignore[misc]
    """Closes connections in separate threads, and refuses with problem+json."""

    def init_process(self) -> None:
        """Serve until told to end; called in the new process."""
        self._closers = ThreadPoolExecutor(CLOSER_THREADS, "closing")
        self._close_slots = BoundedSemaphore(MAX_QUEUED_CLOSES)
        super().init_process()

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Keep a connection for the next request, or close it."""
        conn.close = partial(self._close, conn)
        super().finish_request(conn, fs)

    def _close(self, conn: Any, graceful: bool = False) -> None:
        if graceful and self._close_slots.acquire(blocking=False):
            self._closers.submit(self._close_gracefully, conn)
        else:
            TConn.close(conn)

    def _close_gracefully(self, conn: Any) -> None:
        try:
            TConn.close(conn, graceful=True)
        finally:
            self._close_slots.release()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that could not be parsed, or that failed outside of Django.

        gunicorn's response would be HTML without the request id, and its log line would quote the
        request, which can contain a token.
        """
        refusal = problem_for(exc)
        problem = refusal or InternalError()
        request_id, response = render_response(
            problem, client_request_id(req, getattr(exc, "req", None))
        )
        about = {"request_id": request_id, "status": problem.status, "code": problem.code}
        if refusal is None:
            log.error("request_failed_outside_django", extra=about, exc_info=exc)
        else:
            where = addr[0] if addr else ""
            log.warning("request_refused", extra={**about, "client_address": where})
        try:
            util.write_nonblock(client, response)
        except OSError:
            log.debug("refusal_not_sent", extra=about)


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the line and its traceback without tokens."""
        return redact(super().format(record))


class RedactingLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger without tokens: its lines quote the URL of a failed request."""

    def setup(self, cfg: Any) -> None:
        """Install redacting formatters."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_RedactingFormatter(self.error_fmt, self.datefmt))
