"""The scope is set in one statement before the caller's, and errors reach the caller."""

import threading
import time

import pytest
from django.db import DatabaseError, OperationalError, ProgrammingError, connection
from django.test.utils import CaptureQueriesContext
from psycopg import errors

from core.db_backend.scope import PUBLIC, Scope, current_scope, use_scope
from tenants.context import NoTenant, TenantRef, current_tenant, tenant_context
from tests.support.scope_queries import EMAILS_SQL, session_scope, visible_emails


def test_tenant_sees_only_its_own_users(db_one, one: TenantRef, two: TenantRef):
    with tenant_context(one):
        first = visible_emails(db_one)
    with tenant_context(two):
        second = visible_emails(db_one)

    assert (first, second) == (["only@one.test"], ["only@two.test"])


def test_path_role_and_tenant_are_set_together(db_one, one: TenantRef):
    with tenant_context(one):
        assert session_scope(db_one) == (one.schema_name, one.schema_name, str(one.id))
    assert session_scope(db_one) == ("public", "aggios_app", "")


def test_switch_takes_one_statement_and_same_scope_none(one: TenantRef):
    connection.ensure_connection()
    connection.verify_before_use()
    with tenant_context(one), CaptureQueriesContext(connection) as seen:
        visible_emails(connection)
        visible_emails(connection)

    assert len(seen.captured_queries) == 3
    switch = seen.captured_queries[0]["sql"]
    assert all(name in switch for name in ("search_path", "role", "aggios.tenant"))


def test_failed_switch_prevents_callers_statement(db_one, one: TenantRef):
    with tenant_context(one):
        visible_emails(db_one)
    unknown_role = Scope(one.schema_name, role="t_" + "f" * 32, tenant_id="")

    with use_scope(unknown_role), db_one.cursor() as cursor:
        with pytest.raises(DatabaseError) as caught:
            cursor.execute(EMAILS_SQL)
        assert isinstance(caught.value.__cause__, errors.InvalidParameterValue)
        assert cursor.statusmessage is None

    with tenant_context(one):
        assert visible_emails(db_one) == ["only@one.test"]


def test_failed_switch_leaves_scope_unknown(db_one, one: TenantRef, two: TenantRef):
    """The search path of the failed scope must not remain with the previous role."""
    with tenant_context(one):
        visible_emails(db_one)
    with use_scope(Scope(two.schema_name, "no_such_role", "")), pytest.raises(DatabaseError):
        visible_emails(db_one)

    with tenant_context(one):
        assert session_scope(db_one) == (one.schema_name, one.schema_name, str(one.id))


def test_nested_contexts_are_left_on_errors(db_one, one: TenantRef, two: TenantRef):
    seen = []
    with tenant_context(one):
        seen.append(visible_emails(db_one))
        with pytest.raises(ZeroDivisionError), tenant_context(two):
            seen.append(visible_emails(db_one))
            raise ZeroDivisionError
        seen.append(visible_emails(db_one))
        with use_scope(PUBLIC):
            seen.append(session_scope(db_one)[0])
        assert current_tenant() == one

    assert seen == [["only@one.test"], ["only@two.test"], ["only@one.test"], "public"]
    assert current_scope() == PUBLIC
    with pytest.raises(NoTenant):
        current_tenant()


def test_new_thread_starts_in_public(one: TenantRef):
    seen: list[object] = []
    with tenant_context(one):
        thread = threading.Thread(target=lambda: seen.append(current_scope()))
        thread.start()
        thread.join()

    assert seen == [PUBLIC]


def test_tenant_table_without_tenant_is_not_found(db_one, one: TenantRef):
    with pytest.raises(ProgrammingError, match="does not exist"):
        visible_emails(db_one)


@pytest.mark.parametrize("way", ["set_tenant", "set_schema", "set_schema_to_public"])
def test_methods_of_django_tenants_are_refused(db_one, way: str):
    with pytest.raises(RuntimeError, match="tenant_context"):
        getattr(db_one, way)()


def test_cancelled_switch_prevents_callers_statement(db_one, superuser, one, two):
    """The fault of the stock backend: a cancel that hits the switch and not the query.

    PostgreSQL reads the role in pg_authid, so a lock on that table blocks the switch.
    """
    with tenant_context(one):
        visible_emails(db_one)
    seen: list[object] = []

    def ask() -> None:
        try:
            with tenant_context(two):
                seen.append(visible_emails(db_one))
        except OperationalError as exc:
            seen.append(type(exc.__cause__))

    db_one.inc_thread_sharing()
    with superuser.transaction():
        superuser.execute("LOCK TABLE pg_authid IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=ask)
        thread.start()
        cancel_when_waiting(superuser, db_one.connection.info.backend_pid)
        thread.join(timeout=60)
    db_one.dec_thread_sharing()

    assert seen == [errors.QueryCanceled]
    with tenant_context(two):
        assert visible_emails(db_one) == ["only@two.test"]


def cancel_when_waiting(superuser, pid: int) -> None:
    """Cancel a backend's statement as soon as it waits for a lock."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        waiting = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
        if superuser.execute(waiting, [pid]).fetchone() == (1,):
            superuser.execute("SELECT pg_cancel_backend(%s)", [pid])
            return
        time.sleep(0.02)
    raise AssertionError("The switch did not wait.")
