"""Trails that tests may hurt, and the superuser who hurts them."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connections

from audit.services import SYSTEM, Actor, Target, record
from tenants.context import tenant_context
from tenants.refs import TenantRef
from tests.archive.conftest import run
from tests.core.conftest import superuser
from tests.tenants.conftest import make_tenant
from tests.tidying import tidied

__all__ = ["make_tenant", "run", "superuser"]

ADA = Actor("user", "0199aaaa-0000-7000-8000-0000000000ad", "ada@acme.test")
BEN = Target("user", "0199aaaa-0000-7000-8000-0000000000be", "ben@acme.test")
EVENTS = 5


@pytest.fixture(scope="package", autouse=True)
def _tidy(committed: None) -> Iterator[None]:
    """Take away what the tests here left half there."""
    with tidied():
        yield


@pytest.fixture
def trail(make_tenant: Callable[..., TenantRef]) -> TenantRef:
    """A tenant with five events in its trail, number 1 to 5."""
    connections.close_all()
    ref = make_tenant()
    with tenant_context(ref):
        for number in range(1, EVENTS + 1):
            record("test.done", actor=ADA, target=BEN, number=number)
    return ref


def links(ref: TenantRef, superuser) -> list[tuple]:
    """Return sequence and event of each link in order."""
    query = f"SELECT sequence, event_id, hash FROM {ref.schema_name}.audit_auditlink ORDER BY 1"
    return superuser.execute(query).fetchall()


__all__ += ["SYSTEM", "links"]
