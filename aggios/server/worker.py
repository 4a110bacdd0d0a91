"""gunicorn's threaded worker, which never waits for a client in the thread that accepts, and whose
refusals are problem+json.

The stock one closes a connection there, and gives its other end up to two seconds to close it too
(RFC 9112, section 9.6). A client that is still sending does not, and meanwhile nobody's request is
taken up: a few that are refused would stop the worker.
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
# So many wait for their turn; what comes then is closed at once.
MAX_QUEUED_CLOSES = 32
log = logging.getLogger(__name__)


class Worker(ThreadWorker):  # type: ignore[misc]
    """Closes connections in threads of their own, and refuses in the common form."""

    def init_process(self) -> None:
        """Serve until told to end; called in the new process."""
        self._closers = ThreadPoolExecutor(CLOSER_THREADS, "closing")
        self._places = BoundedSemaphore(MAX_QUEUED_CLOSES)
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

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that could not be parsed, or that failed outside of Django.

        gunicorn's own answer is a page of HTML without the id of the request, and its log line
        quotes the request, in which a token can stand.
        """
        refusal = problem_for(exc)
        problem = refusal or InternalError()
        request_id, answer = render_response(
            problem, client_request_id(req, getattr(exc, "req", None))
        )
        about = {"request_id": request_id, "status": problem.status, "code": problem.code}
        if refusal is None:
            log.error("request_failed_outside_django", extra=about, exc_info=exc)
        else:
            where = addr[0] if addr else ""
            log.warning("request_refused", extra={**about, "client_address": where})
        try:
            util.write_nonblock(client, answer)
        except OSError:
            log.debug("refusal_not_sent", extra=about)


# gunicorn's own log: where a request breaks it, it names the whole address, query and all.


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback, without tokens."""
        return redact(super().format(record))


class RedactingLogger(Logger):  # type: ignore[misc]
    """As gunicorn's, without the tokens that stand in addresses."""

    def setup(self, cfg: Any) -> None:
        """Set the handlers up, then have them leave the tokens out."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_RedactingFormatter(self.error_fmt, self.datefmt))
