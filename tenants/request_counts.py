"""How many requests each tenant is served, by day (UTC).

Counted in the memory of each process, so that a request costs no statement, and added to the table
by a thread every ``REQUEST_COUNTS_SECONDS`` and when the process ends in an orderly way. A process
that is killed loses what it counted since; a connection that breaks while a sum is being committed
may add that sum twice. What is turned away at the door (unknown, suspended, in maintenance, probes
of health) is not counted; what is answered with an error inside is.
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

# In the order of the key in every process, so that two sums never wait for each other. A tenant
# that has gone meanwhile is left out.
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
    """The counts of one process that are not in the table yet."""

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
        """Add what was counted to the table; if that fails, keep it and raise what was raised."""
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
            except Exception as exc:  # noqa: BLE001 - whatever it is, the next turn tries again
                log.warning("request_counts_not_saved", extra={"error": type(exc).__name__})
            connection.close()  # a connection for each process is too much to keep for this


def add_counts(counts: Counts) -> None:
    """Add to the table, in one statement. Raises what the database raises."""
    if not counts:
        return
    ids, days = zip(*counts, strict=True)
    with use_scope(PUBLIC), connection.cursor() as cursor:
        cursor.execute(ADD_QUERY, [list(ids), list(days), list(counts.values())])


def save_at_exit() -> None:
    """Save what this process has counted; what cannot be saved is logged and lost."""
    try:
        request_counter.flush()
    except Exception as exc:  # noqa: BLE001 - nothing may keep a process from ending
        log.warning("request_counts_lost", extra={"error": type(exc).__name__})


request_counter = RequestCounter()
count_request = request_counter.count
