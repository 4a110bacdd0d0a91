"""The scope is entered in one statement before the caller's, and never instead of an error."""

import threading

import pytest
from django.db import DatabaseError, OperationalError, ProgrammingError, connection
from django.test.utils import CaptureQueriesContext
from psycopg import errors

from core.database.scope import PUBLIC, Scope, current_scope, enter
from tenants.context import NoTenant, current_tenant, tenant_context
from tenants.refs import TenantRef
from tests.core.people import EMAILS, people, place


def test_each_tenant_sees_its_own_people(db_one, one: TenantRef, two: TenantRef):
    with tenant_context(one):
        first = people(db_one)
    with tenant_context(two):
        second = people(db_one)

    assert (first, second) == (["only@one.test"], ["only@two.test"])


def test_path_role_and_tenant_are_set_together(db_one, one: TenantRef):
    with tenant_context(one):
        assert place(db_one) == (one.schema_name, one.schema_name, str(one.id))
    assert place(db_one) == ("public", "aggios_app", "")


def test_one_statement_switches_and_none_stays(one: TenantRef):
    connection.ensure_connection()
    connection.verify_before_use()
    with tenant_context(one), CaptureQueriesContext(connection) as seen:
        people(connection)
        people(connection)

    assert len(seen.captured_queries) == 3
    switch = seen.captured_queries[0]["sql"]
    assert all(name in switch for name in ("search_path", "role", "aggios.tenant"))


def test_a_failed_switch_keeps_the_callers_statement_back(db_one, one: TenantRef):
    with tenant_context(one):
        people(db_one)
    nobody = Scope(one.schema_name, role="t_" + "f" * 32, tenant_id="")

    with enter(nobody), db_one.cursor() as cursor:
        with pytest.raises(DatabaseError) as caught:
            cursor.execute(EMAILS)
        assert isinstance(caught.value.__cause__, errors.InvalidParameterValue)
        assert cursor.statusmessage is None

    with tenant_context(one):
        assert people(db_one) == ["only@one.test"]


def test_after_a_failed_switch_nothing_of_it_stands(db_one, one: TenantRef, two: TenantRef):
    """The path of the failed scope must not stay behind with the former role."""
    with tenant_context(one):
        people(db_one)
    with enter(Scope(two.schema_name, "no_such_role", "")), pytest.raises(DatabaseError):
        people(db_one)

    with tenant_context(one):
        assert place(db_one) == (one.schema_name, one.schema_name, str(one.id))


def test_contexts_nest_and_are_left_also_by_errors(db_one, one: TenantRef, two: TenantRef):
    seen = []
    with tenant_context(one):
        seen.append(people(db_one))
        with pytest.raises(ZeroDivisionError), tenant_context(two):
            seen.append(people(db_one))
            raise ZeroDivisionError
        seen.append(people(db_one))
        with enter(PUBLIC):
            seen.append(place(db_one)[0])
        assert current_tenant() == one

    assert seen == [["only@one.test"], ["only@two.test"], ["only@one.test"], "public"]
    assert current_scope() == PUBLIC
    with pytest.raises(NoTenant):
        current_tenant()


def test_a_new_thread_starts_in_public(one: TenantRef):
    seen: list[object] = []
    with tenant_context(one):
        thread = threading.Thread(target=lambda: seen.append(current_scope()))
        thread.start()
        thread.join()

    assert seen == [PUBLIC]


def test_without_a_tenant_no_tenants_table_is_found(db_one, one: TenantRef):
    with pytest.raises(ProgrammingError, match="does not exist"):
        people(db_one)


@pytest.mark.parametrize("way", ["set_tenant", "set_schema", "set_schema_to_public"])
def test_the_ways_of_django_tenants_are_closed(db_one, way: str):
    with pytest.raises(RuntimeError, match="tenant_context"):
        getattr(db_one, way)()


def test_a_cancelled_switch_keeps_the_callers_statement_back(db_one, superuser, one, two):
    """The very fault of the stock backend: a cancel that hits the switch and not the query."""
    with tenant_context(one):
        people(db_one)
    db_one.connection.execute("SET statement_timeout = 1")
    slow = Scope(two.schema_name, two.schema_name, "x" * 3_000_000)

    with enter(slow), pytest.raises(OperationalError), db_one.cursor() as cursor:
        for _ in range(200):
            db_one.forget_scope()
            cursor.execute("SELECT 1")
    db_one.connection.execute("RESET statement_timeout")

    with tenant_context(two):
        assert people(db_one) == ["only@two.test"]
