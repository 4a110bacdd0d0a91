"""The known scope is cleared whenever PostgreSQL reverts settings."""

import psycopg
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from core.db_backend.base import DatabaseWrapper
from tenants.context import TenantRef, tenant_context
from tests.support.scope_queries import session_scope, visible_emails

ONE, TWO = ["only@one.test"], ["only@two.test"]


class Undo(Exception):
    """Raised to leave a block with a rollback."""


@pytest.fixture
def begun(committed: None) -> DatabaseWrapper:
    """The thread's own connection (``atomic`` works on it), outside of any tenant."""
    session_scope(connection)
    return connection


def test_scope_after_rollback_is_set_again(begun, one: TenantRef, two: TenantRef):
    with tenant_context(one):
        visible_emails(begun)
    with pytest.raises(Undo), transaction.atomic(), tenant_context(two):
        assert visible_emails(begun) == TWO
        raise Undo

    with tenant_context(two):
        assert visible_emails(begun) == TWO


def test_scope_after_savepoint_rollback_is_set_again(begun, one: TenantRef, two: TenantRef):
    with tenant_context(one), transaction.atomic():
        assert visible_emails(begun) == ONE
        with tenant_context(two):
            with pytest.raises(Undo), transaction.atomic():
                assert visible_emails(begun) == TWO
                raise Undo
            assert visible_emails(begun) == TWO
        assert visible_emails(begun) == ONE


def test_scope_after_savepoint_rollback_of_failed_statement_is_set_again(begun, one, two):
    with transaction.atomic():
        with tenant_context(one):
            visible_emails(begun)
        with tenant_context(two):
            with pytest.raises(DatabaseError), transaction.atomic(), begun.cursor() as cursor:
                cursor.execute("SELECT 1/0")
            assert visible_emails(begun) == TWO


def test_scope_after_commit_that_becomes_rollback_is_set_again(
    begun, one: TenantRef, two: TenantRef
):
    with tenant_context(one):
        visible_emails(begun)
    with tenant_context(two):
        begun.set_autocommit(False)
        try:
            visible_emails(begun)
            with pytest.raises(psycopg.errors.DivisionByZero):
                begun.connection.execute(
                    "SELECT 1/0"
                )  # past the scoped cursors, which clear the scope on an error
            begun.commit()
        finally:
            begun.set_autocommit(True)

        assert visible_emails(begun) == TWO


@pytest.mark.parametrize("undo", ["ROLLBACK", "COMMIT"])
def test_scope_after_transaction_in_sql_is_set_again(
    db_one, one: TenantRef, two: TenantRef, undo: str
):
    """Code should not do this, but a migration or a console can."""
    with tenant_context(one):
        visible_emails(db_one)
    with db_one.cursor() as cursor:
        with tenant_context(one):
            cursor.execute("BEGIN")
        with tenant_context(two):
            cursor.execute("SELECT email FROM accounts_user")
            if undo == "COMMIT":
                with pytest.raises(DatabaseError):
                    cursor.execute("SELECT 1/0")
            cursor.execute(undo)

    with tenant_context(two):
        assert visible_emails(db_one) == TWO


def test_scope_after_savepoint_rollback_in_sql_is_set_again(begun, one: TenantRef, two: TenantRef):
    with transaction.atomic(), begun.cursor() as cursor:
        with tenant_context(one):
            visible_emails(begun)
            cursor.execute("SAVEPOINT here")
        with tenant_context(two):
            visible_emails(begun)
            cursor.execute("ROLLBACK TO SAVEPOINT here")
            assert visible_emails(begun) == TWO


@pytest.mark.parametrize(
    "statement", ["RESET ALL", "RESET ROLE", "SET search_path = public", "DISCARD ALL"]
)
def test_scope_after_settings_in_sql_is_set_again(db_one, one: TenantRef, statement: str):
    with tenant_context(one):
        visible_emails(db_one)
        with db_one.cursor() as cursor:
            cursor.execute(statement)

        assert session_scope(db_one) == (one.schema_name, one.schema_name, str(one.id))


def test_connection_closed_in_transaction_sets_scope_again(begun, one: TenantRef):
    with tenant_context(one):
        with pytest.raises((InterfaceError, OperationalError)), transaction.atomic():
            visible_emails(begun)
            begun.close()
            visible_emails(begun)

        assert visible_emails(begun) == ONE


def test_scope_after_failed_commit_in_sql_is_set_again(db_one, one: TenantRef, two: TenantRef):
    """A constraint that fails at COMMIT reverts the scope together with the rows."""
    row = (
        f"INSERT INTO {two.schema_name}.accounts_session (id, user_id, generation, token_hash, "
        "parent_hash, rotated_at, last_used_at, expires_at, created_at, user_agent, end_reason) "
        "VALUES (gen_random_uuid(), gen_random_uuid(), 0, '', '', now(), now(), now(), now(), "
        "'', '')"
    )
    with tenant_context(one):
        visible_emails(db_one)
        with db_one.cursor() as cursor:
            cursor.execute("BEGIN")
    with tenant_context(two), db_one.cursor() as cursor:
        cursor.execute(row)
        with pytest.raises(DatabaseError):
            cursor.execute("COMMIT")

        assert visible_emails(db_one) == TWO
