"""Audit trails that a test may damage."""

import secrets
from collections.abc import Iterator

import pytest

from audit.services import SYSTEM, record
from tenants.context import TenantRef, tenant_context
from tenants.services import create_tenant
from tests.support.audit import ADA, BEN, EVENTS

TABLES = ("audit_auditevent", "audit_auditlink")


@pytest.fixture(scope="package", autouse=True)
def _cleaned(cleaned_database: None) -> None:
    """Remove what the tests here left incomplete, after them."""


@pytest.fixture(scope="package")
def audit_tenant(committed: None) -> TenantRef:
    """A tenant that only these tests use, with the events number 1 to 5."""
    ref = create_tenant(name="Quiet", subdomain=f"q{secrets.token_hex(6)}", actor=SYSTEM)
    with tenant_context(ref):
        for number in range(1, EVENTS + 1):
            record("test.done", actor=ADA, target=BEN, number=number)
    return ref


@pytest.fixture
def trail(audit_tenant: TenantRef, superuser) -> Iterator[TenantRef]:
    """The same tenant; its trail is restored after the test."""
    superuser.execute("RESET search_path")
    for table in TABLES:
        superuser.execute(
            f"CREATE TEMP TABLE kept_{table} AS TABLE {audit_tenant.schema_name}.{table}"
        )
    yield audit_tenant
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")  # no triggers
        for table in TABLES:
            superuser.execute(f"TRUNCATE {audit_tenant.schema_name}.{table}")
            superuser.execute(f"INSERT INTO {audit_tenant.schema_name}.{table} TABLE kept_{table}")
        superuser.execute(
            "DELETE FROM public.tenants_trailhead WHERE tenant_id = %s", [audit_tenant.id]
        )
