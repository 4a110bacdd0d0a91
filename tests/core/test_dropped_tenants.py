"""References to dropped or renamed tenants raise an error and never read other rows."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import DatabaseError, ProgrammingError, connection
from psycopg import sql

from audit.models import AuditEvent
from audit.services import SYSTEM, record
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import TenantRef, tenant_context
from tenants.models import Tenant
from tenants.subdomains import rename_subdomain
from tests.support.factories import create_tenant_with_user
from tests.support.scope_queries import session_scope, visible_emails


@pytest.fixture
def tenant_to_delete(superuser) -> Iterator[TenantRef]:
    """A tenant that a test can drop. The audit trail has a table in ``public`` as well."""
    ref = create_tenant_with_user("doomed")
    with use_scope(PUBLIC):
        record("test.public", actor=SYSTEM)
    yield ref
    connection.close()
    name = sql.Identifier(ref.schema_name)
    superuser.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))
    superuser.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))
    with use_scope(PUBLIC):
        Tenant.objects.filter(id=ref.id).delete()


def drop_schema(superuser: psycopg.Connection, tenant: TenantRef) -> None:
    superuser.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(tenant.schema_name)))


def drop_all(superuser: psycopg.Connection, tenant: TenantRef) -> None:
    drop_schema(superuser, tenant)
    superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(tenant.schema_name)))


DROPS = [drop_schema, drop_all]


@pytest.mark.parametrize("drop", DROPS)
def test_context_entered_after_drop_raises(superuser, tenant_to_delete: TenantRef, drop: Callable):
    drop(superuser, tenant_to_delete)

    for _ in range(2):  # the second time nothing is left of the first
        with tenant_context(tenant_to_delete), pytest.raises(DatabaseError):
            AuditEvent.objects.count()
    assert session_scope(connection)[0] == "public"


@pytest.mark.parametrize("drop", DROPS)
def test_context_entered_before_drop_raises(superuser, tenant_to_delete: TenantRef, drop: Callable):
    with tenant_context(tenant_to_delete):
        assert visible_emails(connection) == ["only@doomed.test"]
        drop(superuser, tenant_to_delete)
        with pytest.raises(ProgrammingError):
            AuditEvent.objects.count()
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM public.audit_auditevent")


def test_next_tenant_after_dropped_one_works(
    superuser, tenant_to_delete: TenantRef, one: TenantRef
):
    """A failed switch does not prevent the next one."""
    with tenant_context(one):
        visible_emails(connection)
    drop_all(superuser, tenant_to_delete)
    with tenant_context(tenant_to_delete), pytest.raises(DatabaseError):
        visible_emails(connection)
    with tenant_context(one):
        assert visible_emails(connection) == ["only@one.test"]


def test_reference_with_old_name_reads_same_tenant(tenant_to_delete: TenantRef):
    """A schema is never renamed, so a reference with the old name reads the same rows."""
    renamed = rename_subdomain(
        tenant_to_delete.id, subdomain=f"{tenant_to_delete.slug}-2", actor=SYSTEM
    )

    assert renamed.schema_name == tenant_to_delete.schema_name
    with tenant_context(tenant_to_delete):
        assert visible_emails(connection) == ["only@doomed.test"]
