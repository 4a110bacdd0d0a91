"""Trails that tests may hurt, and the superuser who hurts them."""

import secrets
from collections.abc import Iterator

import pytest

from audit.services import SYSTEM, Actor, Target, record
from tenants.context import tenant_context
from tenants.refs import TenantRef
from tenants.services import create_tenant
from tests.core.conftest import superuser
from tests.operations.conftest import run_command
from tests.support.cleanup import cleaned_up
from tests.tenants.conftest import make_tenant

__all__ = ["make_tenant", "run_command", "superuser"]

ADA = Actor("user", "0199aaaa-0000-7000-8000-0000000000ad", "ada@acme.test")
BEN = Target("user", "0199aaaa-0000-7000-8000-0000000000be", "ben@acme.test")
EVENTS = 5
TABLES = ("audit_auditevent", "audit_auditlink")


@pytest.fixture(scope="package", autouse=True)
def _tidy(committed: None) -> Iterator[None]:
    """Take away what the tests here left half there."""
    with cleaned_up():
        yield


@pytest.fixture(scope="package")
def audit_tenant(committed: None) -> TenantRef:
    """A tenant whose trail these tests have to themselves, with events number 1 to 5."""
    ref = create_tenant(name="Quiet", subdomain=f"q{secrets.token_hex(6)}", actor=SYSTEM)
    with tenant_context(ref):
        for number in range(1, EVENTS + 1):
            record("test.done", actor=ADA, target=BEN, number=number)
    return ref


@pytest.fixture
def trail(audit_tenant: TenantRef, superuser) -> Iterator[TenantRef]:
    """The same tenant, whose trail is afterwards what it was, whatever was done to it."""
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


def links(ref: TenantRef, superuser) -> list[tuple]:
    """Return sequence and event of each link in order."""
    query = f"SELECT sequence, event_id, hash FROM {ref.schema_name}.audit_auditlink ORDER BY 1"
    return superuser.execute(query).fetchall()


__all__ += ["SYSTEM", "links"]
