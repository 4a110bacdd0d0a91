"""Calling a deletion off while the purge begins: one of the two wins, whole."""

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
def due(make_tenant) -> Tenant:
    """A tenant without people whose day has come."""
    ref = make_tenant()
    schedule_deletion(ref.id, actor=SYSTEM, days=0)
    return tenant_by_slug(ref.slug)


def while_held(first, second) -> Future:
    """Run ``first`` in a transaction, start ``second`` beside it, and commit once it waits."""
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


def test_a_purge_that_begins_while_it_is_called_off_does_not(due: Tenant):
    done = while_held(
        lambda: cancel_deletion(due.pk, actor=SYSTEM),
        lambda: stop_serving(due, actor=SYSTEM),
    )

    assert isinstance(done.exception(), PurgeNotDueError)
    assert tenant_by_slug(due.slug).status == Tenant.Status.ACTIVE


def test_calling_off_while_the_purge_begins_comes_too_late(due: Tenant):
    done = while_held(
        lambda: stop_serving(due, actor=SYSTEM),
        lambda: cancel_deletion(due.pk, actor=SYSTEM),
    )

    assert isinstance(done.exception(), TenantNotFound)
    assert tenant_by_slug(due.slug).status == Tenant.Status.DELETING


def test_two_purges_of_one_tenant_do_not_meet(due: Tenant):
    options = PurgeOptions(SYSTEM, export=False)
    with tenant_operation_lock(due.pk), pytest.raises(TenantBusyError):
        purge_tenant(due, options)

    assert purge_tenant(due, options).tenant_id == due.pk
