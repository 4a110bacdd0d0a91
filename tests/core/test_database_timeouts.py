"""Timeouts on a PostgreSQL server that is connected and does not respond."""

import copy
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connections
from psycopg import errors

from core.db_backend.base import DatabaseWrapper
from core.db_backend.timeouts import ServerUnresponsive
from tenants.context import TenantRef, tenant_context
from tests.support.scope_queries import backend_pid, visible_emails

# Long enough for a new connection on a busy machine.
TIMEOUT = 1.5


@pytest.fixture
def hasty(committed: None) -> Iterator[DatabaseWrapper]:
    """A connection with a wait timeout of ``TIMEOUT``."""
    settings = {**copy.deepcopy(connections["default"].settings_dict), "WAIT_TIMEOUT": TIMEOUT}
    wrapper = DatabaseWrapper(settings, "hasty")
    yield wrapper
    wrapper.close()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process while the block runs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_scope_switch_on_hung_server_times_out(hasty, one: TenantRef, two: TenantRef):
    with tenant_context(one):
        visible_emails(hasty)
    with (
        stopped(backend_pid(hasty)),
        tenant_context(two),
        pytest.raises(OperationalError) as caught,
    ):
        visible_emails(hasty)

    assert isinstance(caught.value.__cause__, ServerUnresponsive)
    hasty.close()
    with tenant_context(two):
        assert visible_emails(hasty) == ["only@two.test"]


def test_first_statement_on_hung_connection_is_retried_on_another(hasty, one, two):
    with tenant_context(one):
        visible_emails(hasty)
    dead = backend_pid(hasty)
    hasty.verify_before_use()
    with stopped(dead), tenant_context(two):
        assert visible_emails(hasty) == ["only@two.test"]

    assert backend_pid(hasty) != dead


def test_statement_in_transaction_on_hung_server_times_out(hasty, one: TenantRef):
    with tenant_context(one):
        hasty.set_autocommit(False)
        visible_emails(hasty)
        with stopped(backend_pid(hasty)), pytest.raises(OperationalError):
            visible_emails(hasty)
        hasty.close()

        assert visible_emails(hasty) == ["only@one.test"]


def test_slow_statement_is_ended_by_server(db_one, one: TenantRef):
    with tenant_context(one), db_one.cursor() as cursor:
        cursor.execute("SET statement_timeout = '50ms'")
        with pytest.raises(OperationalError) as caught:
            cursor.execute("SELECT pg_sleep(5)")
        assert isinstance(caught.value.__cause__, errors.QueryCanceled)
        cursor.execute("SELECT 1")


def test_app_login_has_timeouts_and_owner_has_none(committed: None):
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    query = ", ".join(f"current_setting('{name}')" for name in names)
    found = {}
    for alias in ("default", "owner"):
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SELECT {query}")
            found[alias] = cursor.fetchone()

    assert found == {"default": ("30s", "10s", "1min"), "owner": ("0", "0", "0")}
    assert connections["default"].settings_dict["WAIT_TIMEOUT"] > 30
    assert "WAIT_TIMEOUT" not in connections["owner"].settings_dict
