"""The verifier process: verifies large uploads of all tenants, in one thread per tenant at most."""

import logging
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from core.workers import ShouldStop
from files.uploads.state import VERIFY_CHANNEL
from files.uploads.verification import verify_due
from tenants import work_queue
from tenants.context import TenantRef, tenant_context

log = logging.getLogger(__name__)


class VerifierPool:
    """Threads that verify uploads. A tenant has at most one, so that it cannot delay all others."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(settings.UPLOAD_VERIFY_CONCURRENCY, "verify")
        self._lock = threading.Lock()
        self._repeat: dict[uuid.UUID, bool] = {}  # active tenants; whether to verify once more
        self.count = 0

    def process_tenant(self, tenant: TenantRef, should_stop: ShouldStop) -> None:
        """Verify the due uploads of a tenant in a thread; an active thread repeats its query."""
        with self._lock:
            is_active = tenant.id in self._repeat
            self._repeat[tenant.id] = is_active
        if not is_active:
            self._pool.submit(self._verify, tenant, should_stop)

    def sweep(self, should_stop: ShouldStop, between: Callable[[], None]) -> None:
        """Process every tenant that is served; call ``between`` after each."""
        for tenant in work_queue.served_tenants():
            if should_stop():
                break
            self.process_tenant(tenant, should_stop)
            between()

    def finish(self) -> None:
        """Wait until all threads have finished or released their upload."""
        self._pool.shutdown(wait=True)

    def _verify(self, tenant: TenantRef, should_stop: ShouldStop) -> None:
        repeat = True
        while repeat:
            count = _verify_tenant(tenant, should_stop)
            with self._lock:
                self.count += count
                repeat = self._repeat.pop(tenant.id) and not should_stop()
                if repeat:
                    self._repeat[tenant.id] = False


def verify_all_tenants() -> int:
    """Verify the due uploads of every tenant that is served; return how many were finished."""
    pool = VerifierPool()
    pool.sweep(lambda: False, lambda: None)
    pool.finish()
    return pool.count


def run_verifier(should_stop: ShouldStop, heartbeat: Callable[[], None]) -> None:
    """Verify uploads as they are completed, and sweep periodically, until told to stop."""
    pool = VerifierPool()
    queue = work_queue.WorkQueue(
        VERIFY_CHANNEL, settings.UPLOAD_VERIFY_SWEEP_SECONDS, pool.sweep, pool.process_tenant
    )
    try:
        work_queue.run_worker(queue, should_stop, heartbeat)
    finally:
        pool.finish()


def _verify_tenant(tenant: TenantRef, should_stop: ShouldStop) -> int:
    """Verify what is due in one tenant. After an error the next sweep tries again."""
    try:
        with tenant_context(tenant):
            return verify_due(should_stop)
    except DatabaseError as exc:  # unavailable, being purged, or not migrated yet
        connections.close_all()
        extra = {"slug": tenant.slug, "error": str(exc)[:200]}
        log.warning("verification_interrupted", extra=extra)
    except Exception:
        log.exception("verification_failed", extra={"slug": tenant.slug})
    finally:
        close_old_connections()
    return 0
