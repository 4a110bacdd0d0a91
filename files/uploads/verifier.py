"""Verifying large uploads of all tenants: several at once, of each tenant one."""

import logging
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from core.workers import ShouldStop
from files.uploads.verification import CHANNEL, verify_due
from tenants import work_queue
from tenants.context import tenant_context
from tenants.refs import TenantRef

log = logging.getLogger(__name__)


class VerifierPool:
    """Threads that read uploads. A tenant has one of them at most, so none holds up all others."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(settings.UPLOAD_VERIFY_CONCURRENCY, "verify")
        self._lock = threading.Lock()
        self._again: dict[uuid.UUID, bool] = {}
        self.count = 0

    def visit(self, tenant: TenantRef, stop: ShouldStop) -> None:
        """Have somebody read what is due in a tenant; whoever is there already looks again."""
        with self._lock:
            known = tenant.id in self._again
            self._again[tenant.id] = known
        if not known:
            self._pool.submit(self._read, tenant, stop)

    def sweep(self, stop: ShouldStop, between: Callable[[], None]) -> None:
        """Visit every tenant that is served."""
        for tenant in work_queue.served_tenants():
            if stop():
                break
            self.visit(tenant, stop)
            between()

    def finish(self) -> None:
        """Wait until all of it is read, or handed back because the time to stop has come."""
        self._pool.shutdown(wait=True)

    def _read(self, tenant: TenantRef, stop: ShouldStop) -> None:
        wanted = True
        while wanted:
            count = _verify_tenant(tenant, stop)
            with self._lock:
                self.count += count
                wanted = self._again.pop(tenant.id) and not stop()
                if wanted:
                    self._again[tenant.id] = False


def verify_all_tenants() -> int:
    """Verify what is due in every tenant that is served; return how many uploads that were."""
    readers = VerifierPool()
    readers.sweep(lambda: False, lambda: None)
    readers.finish()
    return readers.count


def run_verifier(stop: ShouldStop, alive: Callable[[], None]) -> None:
    """Verify uploads as they are completed, and sweep now and then, until told to stop."""
    readers = VerifierPool()
    ours = work_queue.WorkQueue(
        CHANNEL, settings.UPLOAD_VERIFY_SWEEP_SECONDS, readers.sweep, readers.visit
    )
    try:
        work_queue.run_worker(ours, stop, alive)
    finally:
        readers.finish()


def _verify_tenant(tenant: TenantRef, stop: ShouldStop) -> int:
    """Verify what is due in one tenant. Whatever goes wrong there is tried again by a sweep."""
    try:
        with tenant_context(tenant):
            return verify_due(stop)
    except DatabaseError as exc:  # away, being purged, or not migrated yet
        connections.close_all()
        log.warning(
            "verification_interrupted", extra={"slug": tenant.slug, "error": str(exc)[:200]}
        )
    except Exception:
        log.exception("verification_failed", extra={"slug": tenant.slug})
    finally:
        close_old_connections()
    return 0
