"""A request that arrives while a change is written but not committed."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from django.db import connection
from httpx import Response

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)


def request_during(change: AbstractContextManager[None], ask: Callable[[], Response]) -> Response:
    """Send a request inside ``change``, which commits when the request waits or is answered."""
    with ThreadPoolExecutor(1) as pool:
        with change:
            request = pool.submit(ask)
            end = time.monotonic() + 20
            while not request.done() and not _waiting() and time.monotonic() < end:
                time.sleep(0.01)
        return request.result()


def _waiting() -> bool:
    """Tell whether a backend waits for a lock of this connection."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0] > 0
