"""Dead connections: replaced once where nothing can be lost, otherwise an error."""

import pytest
from django.core.signals import request_started
from django.db import InterfaceError, OperationalError, connection, transaction

from accounts.models import User
from tenants.context import TenantRef, tenant_context
from tests.support.scope_queries import EMAILS_SQL, backend_pid, visible_emails

ONE, TWO = ["only@one.test"], ["only@two.test"]


def terminate(superuser, pid: int) -> None:
    """Terminate a backend and wait until it has ended."""
    assert superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


def test_dead_connection_at_request_start_is_replaced(superuser, one, two):
    with tenant_context(one):
        visible_emails(connection)
    dead = backend_pid(connection)
    terminate(superuser, dead)
    request_started.send(sender=None, environ={})

    with tenant_context(two):
        assert visible_emails(connection) == TWO
    assert backend_pid(connection) != dead


def test_server_side_cursor_as_first_statement_works(superuser, one: TenantRef):
    """A named cursor cannot move to a new connection, so the request fails."""
    with tenant_context(one):
        visible_emails(connection)
        terminate(superuser, backend_pid(connection))
        request_started.send(sender=None, environ={})
        with pytest.raises((OperationalError, InterfaceError)):
            list(User.objects.iterator())
        connection.close()
        assert visible_emails(connection) == ONE


def test_dead_connection_in_request_is_an_error(superuser, one: TenantRef):
    with tenant_context(one):
        visible_emails(connection)
        terminate(superuser, backend_pid(connection))
        with pytest.raises((OperationalError, InterfaceError)):
            visible_emails(connection)
        connection.close()

        assert visible_emails(connection) == ONE


def test_dead_connection_in_transaction_is_an_error(superuser, one: TenantRef):
    with tenant_context(one):
        visible_emails(connection)
        with pytest.raises((OperationalError, InterfaceError)), transaction.atomic():
            visible_emails(connection)
            terminate(superuser, backend_pid(connection))
            visible_emails(connection)

        assert visible_emails(connection) == ONE


def test_dead_connection_in_unused_transaction_is_replaced(
    superuser, one: TenantRef, two: TenantRef
):
    """``atomic`` is the first action of the request, as in sign-up, so nothing can be lost."""
    with tenant_context(one):
        visible_emails(connection)
        terminate(superuser, backend_pid(connection))
        request_started.send(sender=None, environ={})
        with transaction.atomic():
            assert visible_emails(connection) == ONE
            with tenant_context(two):
                assert visible_emails(connection) == TWO
            assert not connection.get_autocommit()
            User.objects.update(first_name="kept")
        assert connection.get_autocommit()
        assert User.objects.get().first_name == "kept"


def test_connection_replaced_in_transaction_can_be_rolled_back(superuser, one: TenantRef):
    with tenant_context(one):
        visible_emails(connection)
        terminate(superuser, backend_pid(connection))
        request_started.send(sender=None, environ={})
        with pytest.raises(RuntimeError), transaction.atomic():
            with transaction.atomic():
                User.objects.update(first_name="gone")
            raise RuntimeError

        assert not User.objects.filter(first_name="gone").exists()


def test_dead_connection_in_used_transaction_is_an_error(superuser, one: TenantRef):
    with tenant_context(one):
        request_started.send(sender=None, environ={})
        with pytest.raises((OperationalError, InterfaceError)), transaction.atomic():
            User.objects.update(first_name="lost")
            terminate(superuser, backend_pid(connection))
            visible_emails(connection)

        assert not User.objects.filter(first_name="lost").exists()


def test_reopened_connection_sets_scope_again(db_one, one: TenantRef, two: TenantRef):
    with tenant_context(one):
        visible_emails(db_one)
    db_one.close()
    with tenant_context(two):
        assert visible_emails(db_one) == TWO
    with tenant_context(one), db_one.cursor() as cursor:
        cursor.execute(EMAILS_SQL)
        assert cursor.fetchall() == [(ONE[0],)]
