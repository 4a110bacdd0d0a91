"""A connection that has used many schemas is replaced between two requests."""

import copy
from collections.abc import Callable

import pytest
from django.core.checks import run_checks
from django.db import connections

from core.db_backend.base import DatabaseWrapper
from tenants.context import TenantRef, tenant_context
from tests.support.scope_queries import backend_pid, visible_emails


@pytest.fixture
def wrapper(committed: None) -> Callable[..., DatabaseWrapper]:
    """Return a function that opens a connection with a maximum of schemas: ``wrapper(most=2)``."""
    made = []

    def make(most: int, **options) -> DatabaseWrapper:
        settings = copy.deepcopy(connections["default"].settings_dict)
        settings["MAX_SCHEMAS"] = most
        settings["OPTIONS"].update(options)
        if options:
            settings["CONN_MAX_AGE"] = 0
        made.append(DatabaseWrapper(settings, "counted"))
        return made[-1]

    yield make
    for one in made:
        one.close()
    if made and made[0].pool:
        made[0].close_pool()


def test_exhausted_connection_is_closed_after_request(wrapper, one: TenantRef, two: TenantRef):
    db = wrapper(most=2)
    with tenant_context(one):
        visible_emails(db)
        pid = backend_pid(db)
    db.close_if_unusable_or_obsolete()
    assert db.connection is not None
    with tenant_context(two):
        visible_emails(db)
        assert visible_emails(db) == ["only@two.test"]
        assert backend_pid(db) == pid
    db.close_if_unusable_or_obsolete()

    assert db.connection is None


def test_same_tenant_is_counted_once(wrapper, one: TenantRef):
    db = wrapper(most=3)
    for _ in range(5):
        with tenant_context(one):
            visible_emails(db)
        with db.cursor() as cursor:
            cursor.execute("SELECT 1")
    db.close_if_unusable_or_obsolete()

    assert db.connection is not None


def test_open_transaction_keeps_its_connection(wrapper, one: TenantRef):
    db = wrapper(most=1)
    with tenant_context(one):
        db.set_autocommit(False)
        db.in_atomic_block = True
        visible_emails(db)
        db.close_if_unusable_or_obsolete()
        assert db.connection is not None
        db.in_atomic_block = False


def test_exhausted_connection_is_not_returned_to_pool(wrapper, one: TenantRef, two: TenantRef):
    pool = {"min_size": 1, "max_size": 1, "timeout": 5}
    a, b = wrapper(most=2, pool=pool), wrapper(most=2, pool=pool)
    with tenant_context(one):
        visible_emails(a)
        pid = backend_pid(a)
        a.close()
        visible_emails(b)
        assert backend_pid(b) == pid
    with tenant_context(two):
        visible_emails(b)
        b.close()
        visible_emails(a)
        assert backend_pid(a) != pid
    a.close()


@pytest.mark.parametrize(
    ("most", "ids"), [(0, ["aggios.E025"]), (200, []), (5000, ["aggios.E025"])]
)
def test_invalid_maximum_fails_system_check(monkeypatch, most: int, ids: list[str]):
    monkeypatch.setitem(connections.settings["default"], "MAX_SCHEMAS", most)

    assert [fault.id for fault in run_checks(tags=["security"]) if "E02" in fault.id] == ids
