"""psycopg's pool: the scope belongs to the raw connection and not to its wrapper."""

import copy
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connections

from core.db_backend.base import DatabaseWrapper
from tenants.context import TenantRef, tenant_context
from tests.core.test_scope_connection import terminate
from tests.support.scope_queries import backend_pid, session_scope, visible_emails

ONE, TWO = ["only@one.test"], ["only@two.test"]


@pytest.fixture
def wrappers(committed: None) -> Iterator[list[DatabaseWrapper]]:
    """Three wrappers on a pool of one connection."""
    settings = copy.deepcopy(connections["default"].settings_dict)
    settings["CONN_MAX_AGE"] = 0
    settings["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 1, "timeout": 5}
    made = [DatabaseWrapper(settings, "pooled") for _ in range(3)]
    yield made
    for wrapper in made:
        wrapper.close()
    made[0].close_pool()


def test_pooled_connection_does_not_keep_tenant(wrappers, one: TenantRef, two: TenantRef):
    a, b, c = wrappers
    with tenant_context(one):
        assert visible_emails(a) == ONE
        pid = backend_pid(a)
        a.close()
    with tenant_context(two):
        assert visible_emails(b) == TWO
        assert backend_pid(b) == pid
        b.close()

    assert session_scope(c) == ("public", "aggios_app", "")


def test_connection_returned_in_transaction_does_not_keep_tenant(
    wrappers, one: TenantRef, two: TenantRef
):
    a, b, _ = wrappers
    with tenant_context(one):
        visible_emails(a)
    with tenant_context(two):
        a.set_autocommit(False)
        visible_emails(a)
        a.close()
    with tenant_context(two):
        assert visible_emails(b) == TWO


def test_connection_returned_after_error_does_not_keep_tenant(
    wrappers, one: TenantRef, two: TenantRef
):
    a, b, _ = wrappers
    with tenant_context(one):
        a.set_autocommit(False)
        visible_emails(a)
        with pytest.raises(DatabaseError), a.cursor() as cursor:
            cursor.execute("SELECT 1/0")
        a.close()
    with tenant_context(two):
        assert visible_emails(b) == TWO


def test_dead_pooled_connection_is_replaced(wrappers, superuser, one: TenantRef):
    a, b, _ = wrappers
    with tenant_context(one):
        visible_emails(a)
        pid = backend_pid(a)
        a.close()
        terminate(superuser, pid)

        assert visible_emails(b) == ONE
        assert backend_pid(b) != pid
