"""Tenants and their users: some that all tests share, some for one test to change."""

import secrets
from collections.abc import Callable, Iterator

import pytest

from audit.services import SYSTEM
from tenants.context import TenantRef
from tenants.models import Tenant
from tenants.services import create_tenant
from tests.support.cleanup import close_broken_connections
from tests.support.factories import (
    Agency,
    Person,
    add_member,
    create_agency,
    create_tenant_with_user,
)
from tests.support.http_client import Site


@pytest.fixture(scope="session")
def acme(site: Site) -> Agency:
    """An agency with Ada as its owner. Tests leave it as they found it."""
    return create_agency(site, "acme", email="ada@acme.test", first_name="Ada")


@pytest.fixture(scope="session")
def ben(acme: Agency) -> Person:
    """A member of acme."""
    return add_member(acme, "ben@acme.test")


@pytest.fixture(scope="session")
def globex(site: Site) -> Agency:
    """Another agency, with Cyn as its owner."""
    return create_agency(site, "globex", email="cyn@globex.test", first_name="Cyn")


@pytest.fixture
def used_tenants(committed: None) -> Iterator[list[str]]:
    """The slugs of tenants that one test has made. They are suspended after it.

    The workers of the site and many commands visit each active tenant of the database.
    """
    slugs: list[str] = []
    yield slugs
    if slugs:
        close_broken_connections()
        made = Tenant.objects.filter(domains__domain__in=slugs, status=Tenant.Status.ACTIVE)
        made.update(status=Tenant.Status.SUSPENDED)


@pytest.fixture
def new_agency(site: Site, used_tenants: list[str]) -> Callable[..., Agency]:
    """Sign up an agency that a test may change: ``new_agency()``."""

    def create(**fields: str) -> Agency:
        used_tenants.append(f"x{secrets.token_hex(6)}")
        return create_agency(site, used_tenants[-1], **fields)

    return create


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    """One agency that a test may change."""
    return new_agency()


@pytest.fixture
def make_tenant(committed: None, used_tenants: list[str]) -> Callable[[], TenantRef]:
    """Create a tenant without users, in this process: ``make_tenant()``."""

    def create() -> TenantRef:
        used_tenants.append(f"m{secrets.token_hex(6)}")
        return create_tenant(name="Made", subdomain=used_tenants[-1], actor=SYSTEM)

    return create


@pytest.fixture(scope="session")
def one(committed: None) -> TenantRef:
    """A tenant whose only user is only@one.test."""
    return create_tenant_with_user("one")


@pytest.fixture(scope="session")
def two(committed: None) -> TenantRef:
    """A tenant whose only user is only@two.test."""
    return create_tenant_with_user("two")
