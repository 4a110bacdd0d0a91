"""Counts of served requests per tenant and day (UTC).

Each process counts in memory, so a request needs no statement. A thread adds the counts to the
table every ``REQUEST_COUNTS_SECONDS`` and at a regular exit. A killed process loses the counts
since the last flush. If a connection breaks during the commit of a flush, its counts may be added
twice. Requests that the tenant middleware refuses (unknown, suspended or in maintenance) and
health checks are not counted. Requests that fail later are counted.
"""

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime

from django.conf import settings
from django.db import connection

from core.db_backend.scope import PUBLIC, use_scope

# In key order in every process, so that two flushes cannot deadlock. The join leaves out tenants
# that have been deleted.
ADD_QUERY = """
    INSERT INTO tenants_requestcount AS known (tenant_id, day, count)
    SELECT tenant.id, more.day, more.count
    FROM unnest(%s::uuid[], %s::date[], %s::bigint[]) AS more (tenant_id, day, count)
    JOIN tenants_tenant AS tenant ON tenant.id = more.tenant_id
    ORDER BY tenant.id, more.day
    ON CONFLICT (tenant_id, day) DO UPDATE SET count = known.count + EXCLUDED.count
"""

log = logging.getLogger(__name__)
Counts = Mapping[tuple[uuid.UUID, date], int]


class RequestCounter:
    """The counts of one process that are not stored yet."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[uuid.UUID, date]] = Counter()
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None

    def count(self, tenant_id: uuid.UUID) -> None:
        """Count one request of a tenant."""
        with self._lock:
            self._counts[tenant_id, datetime.now(UTC).date()] += 1
            # Started by the first request: a thread does not survive the fork of a worker.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep_flushing, daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Add the counts to the table. If that fails, keep them and re-raise the error."""
        with self._flushing:
            with self._lock:
                taken, self._counts = self._counts, Counter()
            try:
                add_counts(taken)
            except BaseException:
                with self._lock:
                    self._counts.update(taken)
                raise

    def _keep_flushing(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(settings.REQUEST_COUNTS_SECONDS)
            try:
                self.flush()
            except Exception as exc:  # noqa: BLE001 - the next turn tries again after any error
                log.warning("request_counts_not_saved", extra={"error": type(exc).__name__})
            connection.close()  # this work does not justify an idle connection per process


def add_counts(counts: Counts) -> None:
    """Add counts to the table in one statement.

    Raises: DatabaseError.
    """
    if not counts:
        return
    ids, days = zip(*counts, strict=True)
    with use_scope(PUBLIC), connection.cursor() as cursor:
        cursor.execute(ADD_QUERY, [list(ids), list(days), list(counts.values())])


def save_at_exit() -> None:
    """Flush the counts of this process. If that fails, log the error and discard them."""
    try:
        request_counter.flush()
    except Exception as exc:  # noqa: BLE001 - no error may block the exit of the process
        log.warning("request_counts_lost", extra={"error": type(exc).__name__})


request_counter = RequestCounter()
count_request = request_counter.count
