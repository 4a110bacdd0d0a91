"""Tenants and their users: some that all tests share, some for one test to change."""

import secrets
from collections.abc import Callable

import pytest

from audit.services import SYSTEM
from tenants.context import TenantRef
from tenants.services import create_tenant
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
def new_agency(site: Site) -> Callable[..., Agency]:
    """Sign up an agency that a test may change: ``new_agency()``."""
    return lambda **fields: create_agency(site, f"x{secrets.token_hex(6)}", **fields)


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    """One agency that a test may change."""
    return new_agency()


@pytest.fixture
def make_tenant(committed: None) -> Callable[[], TenantRef]:
    """Create a tenant without users, in this process: ``make_tenant()``."""
    return lambda: create_tenant(name="Made", subdomain=f"m{secrets.token_hex(6)}", actor=SYSTEM)


@pytest.fixture(scope="session")
def one(committed: None) -> TenantRef:
    """A tenant whose only user is only@one.test."""
    return create_tenant_with_user("one")


@pytest.fixture(scope="session")
def two(committed: None) -> TenantRef:
    """A tenant whose only user is only@two.test."""
    return create_tenant_with_user("two")
