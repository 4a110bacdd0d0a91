"""Cursors that outlive the block that opened them, and cursors that stream."""

import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg import errors

from accounts.models import User
from tenants.context import TenantRef, tenant_context
from tests.support.scope_queries import EMAILS_SQL

ONE, TWO = "only@one.test", "only@two.test"


def test_cursor_uses_scope_at_execution(db_one, one, two):
    with tenant_context(one):
        cursor = db_one.cursor()
        cursor.execute(EMAILS_SQL)
    with tenant_context(two):
        cursor.execute(EMAILS_SQL)

        assert cursor.fetchall() == [(TWO,)]


@pytest.mark.parametrize("in_transaction", [False, True])
def test_server_side_cursor_uses_scope_at_execution(
    one: TenantRef, two: TenantRef, in_transaction: bool
):
    seen = []
    with transaction.atomic() if in_transaction else transaction.mark_for_rollback_on_error():
        for tenant in (one, two, one):
            with tenant_context(tenant):
                seen += [user.email for user in User.objects.iterator(chunk_size=1)]

    assert seen == [ONE, TWO, ONE]


def test_server_side_cursor_keeps_its_tenant(one: TenantRef, two: TenantRef):
    with tenant_context(one):
        User.objects.get_or_create(email="second@one.test", password="!")
        rows = User.objects.order_by("email").values_list("email", flat=True).iterator(chunk_size=1)
        first = next(rows)
    with tenant_context(two):
        rest = list(rows)
        assert [user.email for user in User.objects.all()] == [TWO]
    with tenant_context(one):
        User.objects.filter(email="second@one.test").delete()

    assert [first, *rest] == [ONE, "second@one.test"]


def test_rows_fetched_outside_of_tenant_are_refused(one: TenantRef):
    """A queryset is lazy: what runs after the block runs in the public scope."""
    with tenant_context(one):
        lazy, streamed = User.objects.all(), User.objects.iterator()

    with pytest.raises(ProgrammingError):
        list(lazy)
    with pytest.raises(ProgrammingError):
        list(streamed)


def test_copy_out_uses_scope(db_one, one: TenantRef, two: TenantRef):
    seen = []
    for tenant in (one, two):
        with (
            tenant_context(tenant),
            db_one.cursor() as cursor,
            cursor.copy("COPY (SELECT email FROM accounts_user) TO STDOUT") as copy,
        ):
            seen.append(b"".join(copy).decode().strip())

    assert seen == [ONE, TWO]


def test_stream_uses_scope(db_one, one: TenantRef, two: TenantRef):
    seen = []
    with db_one.cursor() as cursor:
        for tenant in (one, two):
            with tenant_context(tenant):
                seen += [row[0] for row in cursor.stream(EMAILS_SQL)]

    assert seen == [ONE, TWO]


def test_executemany_uses_scope(db_one, one: TenantRef, two: TenantRef):
    with tenant_context(one):
        User.objects.filter(email=ONE).update(last_name="")
    with tenant_context(one), db_one.cursor() as cursor:
        cursor.execute(EMAILS_SQL)
    with tenant_context(two), db_one.cursor() as cursor:
        cursor.executemany("UPDATE accounts_user SET last_name = %s", [("x",), ("touched",)])

    with tenant_context(one):
        assert User.objects.get(email=ONE).last_name == ""
    with tenant_context(two):
        assert User.objects.get(email=TWO).last_name == "touched"


def test_copy_without_tenant_is_refused(db_one, one: TenantRef):
    with tenant_context(one), db_one.cursor() as cursor:
        cursor.execute(EMAILS_SQL)
    with (
        db_one.cursor() as cursor,
        pytest.raises(errors.InsufficientPrivilege),
        cursor.copy(f"COPY {one.schema_name}.accounts_user TO STDOUT") as copy,
    ):
        list(copy)


def test_debug_cursor_uses_scope(one: TenantRef, two: TenantRef):
    connection.force_debug_cursor = True
    try:
        with tenant_context(one), connection.cursor() as cursor:
            cursor.execute(EMAILS_SQL)
        with tenant_context(two):
            cursor = connection.cursor()
            cursor.execute(EMAILS_SQL)
            assert cursor.fetchall() == [(TWO,)]
    finally:
        connection.force_debug_cursor = False
