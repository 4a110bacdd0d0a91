"""Cancellation and purge at the same time: exactly one of the two takes effect."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from operations.deletion.purge import PurgeOptions, purge_tenant, stop_serving
from operations.errors import PurgeNotDueError, TenantBusyError
from operations.owner_session import tenant_operation_lock
from tenants.lifecycle import cancel_deletion, schedule_deletion
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import tenant_by_slug


@pytest.fixture
def due_tenant(make_tenant) -> Tenant:
    """A tenant without users whose deletion is due."""
    ref = make_tenant()
    schedule_deletion(ref.id, actor=SYSTEM, days=0)
    return tenant_by_slug(ref.slug)


def while_held(first, second) -> Future:
    """Run ``first`` in a transaction, start ``second`` in a thread, and commit once it waits."""
    asking = threading.Event()

    def other():
        try:
            asking.set()
            return second()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with use_scope(PUBLIC), transaction.atomic():
            first()
            future = pool.submit(other)
            asking.wait()
            with pytest.raises(TimeoutError):  # it waits for the row
                future.result(timeout=0.3)
        future.exception(timeout=10)
    return future


def test_purge_during_a_cancellation_is_refused(due_tenant: Tenant):
    done = while_held(
        lambda: cancel_deletion(due_tenant.pk, actor=SYSTEM),
        lambda: stop_serving(due_tenant, actor=SYSTEM),
    )

    assert isinstance(done.exception(), PurgeNotDueError)
    assert tenant_by_slug(due_tenant.slug).status == Tenant.Status.ACTIVE


def test_cancellation_during_a_purge_is_refused(due_tenant: Tenant):
    done = while_held(
        lambda: stop_serving(due_tenant, actor=SYSTEM),
        lambda: cancel_deletion(due_tenant.pk, actor=SYSTEM),
    )

    assert isinstance(done.exception(), TenantNotFound)
    assert tenant_by_slug(due_tenant.slug).status == Tenant.Status.DELETING


def test_second_purge_of_one_tenant_is_refused(due_tenant: Tenant):
    options = PurgeOptions(SYSTEM, export=False)
    with tenant_operation_lock(due_tenant.pk), pytest.raises(TenantBusyError):
        purge_tenant(due_tenant, options)

    assert purge_tenant(due_tenant, options).tenant_id == due_tenant.pk
